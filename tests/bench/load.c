/* The load of the benchmark: an upstream and its clients, in C so that they are not themselves the limit.

   load serve PORT                                  as the first byte of each connection says: e echo, k sink, d source, b both
                                                    at once, t tells how much those have received
   load pingpong PORT CONNS BYTES SECONDS GAP_US    round trips; with one connection a pause of GAP_US before each
   load bulk PORT KIND SECONDS                      one connection; KIND is d (down), k (up) or b (both ways)
   load connect PORT CONCURRENCY SECONDS            connect, one round trip of 64 bytes, close
   load hold PORT CONNS                             open so many, say so, keep them until stdin ends

   Who only receives in bulk lets the kernel throw away what has come (MSG_TRUNC): to copy it out took longer than the proxy
   takes to pass it on, and so the load was the limit.

   Each prints one JSON object. Times are of CLOCK_MONOTONIC. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { PIECE = 65536, EVENTS = 256, MOST_SAMPLES = 4000000, MOST_FDS = 65536 };

static char zeros[4 * PIECE], scratch[16 * PIECE];
static uint32_t *samples_ns;
static long sampled;

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static struct sockaddr_in local(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static int tcp(int flags) {
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | flags, 0);
    if (fd < 0) fail("socket");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

static int dial(int port) {
    struct sockaddr_in address = local(port);
    int fd = tcp(0);
    if (connect(fd, (void *)&address, sizeof address)) fail("connect");
    return fd;
}

static void set_nonblocking(int fd) { fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); }

static void send_all(int fd, const char *data, size_t size) {
    while (size) {
        ssize_t sent = send(fd, data, size, MSG_NOSIGNAL);
        if (sent <= 0) fail("send");
        data += sent;
        size -= (size_t)sent;
    }
}

static void receive_all(int fd, size_t size) {
    while (size) {
        ssize_t got = recv(fd, scratch, size < sizeof scratch ? size : sizeof scratch, 0);
        if (got <= 0) fail("recv");
        size -= (size_t)got;
    }
}

/* What a source sends at a time. 0, or -1 as soon as the kernel takes no more. */
static int send_much(int fd) {
    for (int i = 0; i < 8; i++)
        if (send(fd, zeros, sizeof zeros, MSG_NOSIGNAL) < 0) return -1;
    return 0;
}

static void watch(int poll, int operation, int fd, uint32_t events) {
    struct epoll_event event = {.events = events, .data.fd = fd};
    if (epoll_ctl(poll, operation, fd, &event)) fail("epoll_ctl");
}

static void sample(uint64_t ns) {
    if (sampled < MOST_SAMPLES) samples_ns[sampled++] = ns > UINT32_MAX ? UINT32_MAX : (uint32_t)ns;
}

static int by_size(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static double quantile_us(double share) {
    if (!sampled) return 0;
    long place = (long)(share * (double)sampled);
    return samples_ns[place < sampled ? place : sampled - 1] / 1e3;
}

static void print_samples(uint64_t spent_ns) {
    double sum = 0;
    for (long i = 0; i < sampled; i++) sum += samples_ns[i];
    qsort(samples_ns, (size_t)sampled, sizeof *samples_ns, by_size);
    printf("{\"count\":%ld,\"seconds\":%.6f,\"mean_us\":%.3f,\"p50_us\":%.3f,\"p99_us\":%.3f,\"max_us\":%.3f}\n", sampled,
           (double)spent_ns / 1e9, sampled ? sum / (double)sampled / 1e3 : 0, quantile_us(0.5), quantile_us(0.99), quantile_us(1));
}

/* -- the upstream ------------------------------------------------------------------------------------------------------- */

struct served {
    char kind;
    size_t received, acknowledged; /* a sink acknowledges each PIECE by a byte */
    char *pending;
    size_t pending_size;
};

static struct served *served_by_fd[MOST_FDS];
static uint64_t received_by_both;

static void serve_end(int fd) {
    if (served_by_fd[fd]) free(served_by_fd[fd]->pending);
    free(served_by_fd[fd]);
    served_by_fd[fd] = NULL;
    close(fd);
}

static int serve_send(int poll, int fd, const char *data, size_t size) {
    struct served *one = served_by_fd[fd];
    ssize_t sent = send(fd, data, size, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return -1;
    if (sent < 0) sent = 0;
    if ((size_t)sent < size) {
        one->pending_size = size - (size_t)sent;
        one->pending = malloc(one->pending_size);
        memcpy(one->pending, data + sent, one->pending_size);
        watch(poll, EPOLL_CTL_MOD, fd, EPOLLOUT);
    }
    return 0;
}

static int serve_writable(int poll, int fd) {
    struct served *one = served_by_fd[fd];
    if (one->kind == 'd' || one->kind == 'b') return send_much(fd) && errno != EAGAIN ? -1 : 0;
    char *data = one->pending;
    size_t size = one->pending_size;
    one->pending = NULL;
    one->pending_size = 0;
    watch(poll, EPOLL_CTL_MOD, fd, EPOLLIN);
    int result = serve_send(poll, fd, data, size);
    free(data);
    return result;
}

static int serve_readable(int poll, int fd) {
    struct served *one = served_by_fd[fd];
    ssize_t got = recv(fd, scratch, 4 * PIECE, one->kind == 'k' || one->kind == 'b' ? MSG_TRUNC : 0);
    if (got <= 0) return got < 0 && errno == EAGAIN ? 0 : -1;
    char *data = scratch;
    if (!one->kind) {
        one->kind = *data++;
        got--;
        if (one->kind == 'd' || one->kind == 'b') watch(poll, EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLOUT);
        if (one->kind == 't') return serve_send(poll, fd, (char *)&received_by_both, sizeof received_by_both);
    }
    one->received += (size_t)got;
    if (one->kind == 'b') received_by_both += (uint64_t)got;
    if (one->kind == 'e' && got) return serve_send(poll, fd, data, (size_t)got);
    if (one->kind == 'k' && one->received / PIECE > one->acknowledged) {
        size_t pieces = one->received / PIECE - one->acknowledged;
        one->acknowledged += pieces;
        return serve_send(poll, fd, zeros, pieces);
    }
    return 0;
}

static void serve_accept(int poll, int listener) {
    int fd, one = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        if (fd >= MOST_FDS) fail("too many connections");
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        served_by_fd[fd] = calloc(1, sizeof(struct served));
        watch(poll, EPOLL_CTL_ADD, fd, EPOLLIN);
    }
}

static void serve(int port) {
    struct sockaddr_in address = local(port);
    struct epoll_event events[EVENTS];
    int one = 1, listener = tcp(SOCK_NONBLOCK), poll = epoll_create1(0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (void *)&address, sizeof address) || listen(listener, 4096)) fail("listen");
    watch(poll, EPOLL_CTL_ADD, listener, EPOLLIN);
    puts("{\"serving\":true}");
    fflush(stdout);
    for (;;) {
        int ready = epoll_wait(poll, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd, result = 0;
            if (fd == listener) {
                serve_accept(poll, listener);
                continue;
            }
            if (events[i].events & EPOLLOUT) result = serve_writable(poll, fd);
            if (!result && events[i].events & ~(uint32_t)EPOLLOUT) result = serve_readable(poll, fd);
            if (result) serve_end(fd);
        }
    }
}

/* -- the clients -------------------------------------------------------------------------------------------------------- */

static int dial_echo(int port, size_t size) {
    int fd = dial(port);
    send_all(fd, "e", 1);
    send_all(fd, zeros, size);
    receive_all(fd, size);
    return fd;
}

static void pingpong_alone(int port, size_t size, double seconds, unsigned gap_us) {
    int fd = dial_echo(port, size);
    uint64_t began = now_ns(), end = began + (uint64_t)(seconds * 1e9), sent;
    do {
        if (gap_us) usleep(gap_us);
        sent = now_ns();
        send_all(fd, zeros, size);
        receive_all(fd, size);
        sample(now_ns() - sent);
    } while (now_ns() < end);
    print_samples(now_ns() - began);
}

static void pingpong_together(int port, int conns, size_t size, double seconds) {
    static uint64_t sent_at[MOST_FDS];
    static size_t received[MOST_FDS];
    struct epoll_event events[EVENTS];
    int poll = epoll_create1(0), *fds = malloc(sizeof(int) * (size_t)conns);
    for (int i = 0; i < conns; i++) {
        fds[i] = dial_echo(port, size);
        set_nonblocking(fds[i]);
        watch(poll, EPOLL_CTL_ADD, fds[i], EPOLLIN);
    }
    uint64_t began = now_ns(), end = began + (uint64_t)(seconds * 1e9), now = began;
    for (int i = 0; i < conns; i++) {
        sent_at[fds[i]] = now;
        send_all(fds[i], zeros, size);
    }
    while (now < end) {
        int ready = epoll_wait(poll, events, EVENTS, 5000);
        if (ready <= 0) fail("nothing came back");
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            ssize_t got = recv(fd, scratch, size - received[fd], 0);
            if (got < 0 && errno == EAGAIN) continue;
            if (got <= 0) fail("recv");
            received[fd] += (size_t)got;
            if (received[fd] < size) continue;
            received[fd] = 0;
            now = now_ns();
            sample(now - sent_at[fd]);
            sent_at[fd] = now;
            send_all(fd, zeros, size);
        }
    }
    print_samples(now_ns() - began);
}

/* How much the upstream has received of those who send and receive at once. */
static uint64_t received_upstream(int port) {
    uint64_t told;
    int fd = dial(port);
    send_all(fd, "t", 1);
    receive_all(fd, sizeof told);
    memcpy(&told, scratch, sizeof told);
    close(fd);
    return told;
}

/* Both ways count for half each. */
static void bulk(int port, char kind, double seconds) {
    int fd = dial(port), poll = epoll_create1(0);
    struct epoll_event event;
    send_all(fd, &kind, 1);
    set_nonblocking(fd);
    watch(poll, EPOLL_CTL_ADD, fd, kind == 'd' ? EPOLLIN : EPOLLIN | EPOLLOUT);
    uint64_t first = 0, last = 0, moved = 0, before = 0, end = now_ns() + (uint64_t)(seconds * 1e9);
    while (now_ns() < end) {
        if (epoll_wait(poll, &event, 1, 5000) <= 0) fail("nothing came back");
        if (event.events & EPOLLOUT && send_much(fd) && errno != EAGAIN) fail("send");
        if (!(event.events & ~(uint32_t)EPOLLOUT)) continue;
        ssize_t got = recv(fd, scratch, sizeof scratch, MSG_TRUNC);
        if (got <= 0) fail("recv");
        last = now_ns();
        if (first) moved += (uint64_t)got * (kind == 'k' ? PIECE : 1);
        else { /* what came with the first read came before the clock was started */
            if (kind == 'b') before = received_upstream(port);
            first = last = now_ns();
        }
    }
    if (kind == 'b') moved = (moved + received_upstream(port) - before) / 2;
    printf("{\"bytes\":%llu,\"seconds\":%.6f}\n", (unsigned long long)moved, (double)(last - first) / 1e9);
}

static int connect_begin(int port, int poll) {
    struct sockaddr_in address = local(port);
    int fd = tcp(SOCK_NONBLOCK);
    if (connect(fd, (void *)&address, sizeof address) && errno != EINPROGRESS) fail("connect");
    watch(poll, EPOLL_CTL_ADD, fd, EPOLLOUT);
    return fd;
}

static void connect_often(int port, int concurrency, double seconds) {
    static uint64_t began_at[MOST_FDS];
    static size_t received[MOST_FDS];
    struct epoll_event events[EVENTS];
    int poll = epoll_create1(0), open = concurrency;
    uint64_t began = now_ns(), end = began + (uint64_t)(seconds * 1e9), now = began;
    for (int i = 0; i < concurrency; i++) began_at[connect_begin(port, poll)] = now;
    while (open) {
        int ready = epoll_wait(poll, events, EVENTS, 5000);
        if (ready <= 0) fail("nothing came back");
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            if (events[i].events & EPOLLOUT) {
                scratch[0] = 'e';
                memset(scratch + 1, 0, 64);
                send_all(fd, scratch, 65);
                watch(poll, EPOLL_CTL_MOD, fd, EPOLLIN);
                continue;
            }
            ssize_t got = recv(fd, scratch, 64 - received[fd], 0);
            if (got <= 0) fail("recv");
            received[fd] += (size_t)got;
            if (received[fd] < 64) continue;
            received[fd] = 0;
            now = now_ns();
            sample(now - began_at[fd]);
            close(fd);
            if (now < end) began_at[connect_begin(port, poll)] = now;
            else open--;
        }
    }
    print_samples(now_ns() - began);
}

static void hold(int port, int conns) {
    for (int i = 0; i < conns; i++) dial_echo(port, 1);
    puts("{\"holding\":true}");
    fflush(stdout);
    while (read(0, scratch, 1) > 0) continue;
}

int main(int count, char **words) {
    if (count < 3) return fprintf(stderr, "usage: see the head of load.c\n"), 2;
    const char *verb = words[1];
    int port = atoi(words[2]);
    samples_ns = malloc(sizeof *samples_ns * MOST_SAMPLES);
    signal(SIGPIPE, SIG_IGN);
    if (!strcmp(verb, "serve")) serve(port);
    alarm(120); /* whatever happens, nothing here outlives its benchmark */
    if (!strcmp(verb, "pingpong") && count == 7) {
        if (atoi(words[3]) == 1) pingpong_alone(port, (size_t)atol(words[4]), atof(words[5]), (unsigned)atoi(words[6]));
        else pingpong_together(port, atoi(words[3]), (size_t)atol(words[4]), atof(words[5]));
    } else if (!strcmp(verb, "bulk") && count == 5) bulk(port, *words[3], atof(words[4]));
    else if (!strcmp(verb, "connect") && count == 5) connect_often(port, atoi(words[3]), atof(words[4]));
    else if (!strcmp(verb, "hold") && count == 4) hold(port, atoi(words[3]));
    else return fprintf(stderr, "usage: see the head of load.c\n"), 2;
    return 0;
}
