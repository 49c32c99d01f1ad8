from __future__ import annotations

import pytest

from chaoscli.control.routes import Task, What, is_own_name, route
from chaoscli.messages import Request, Response

NOT_FOUND = Response(
    status=404,
    headers=(("content-type", "text/plain; charset=utf-8"), ("x-content-type-options", "nosniff")),
    body=b"404 page not found\n",
)


@pytest.mark.parametrize(
    ("method", "target", "task"),
    [
        ("GET", "/version", Task(what=What.VERSION)),
        ("GET", "/metrics", Task(what=What.METRICS)),
        ("POST", "/reset", Task(what=What.RESET)),
        ("POST", "/populate", Task(what=What.POPULATE)),
        ("GET", "/proxies", Task(what=What.LIST_PROXIES)),
        ("GET", "/proxies?verbose=1", Task(what=What.LIST_PROXIES)),
        ("POST", "/proxies", Task(what=What.CREATE_PROXY)),
        ("GET", "/proxies/web", Task(what=What.SHOW_PROXY, proxy="web")),
        ("POST", "/proxies/web", Task(what=What.UPDATE_PROXY, proxy="web")),
        ("PATCH", "/proxies/web", Task(what=What.UPDATE_PROXY, proxy="web")),
        ("DELETE", "/proxies/web", Task(what=What.DELETE_PROXY, proxy="web")),
        ("GET", "/proxies/order%20-%3E%20inventory", Task(what=What.SHOW_PROXY, proxy="order -> inventory")),
        ("GET", "/proxies/web/toxics", Task(what=What.LIST_TOXICS, proxy="web")),
        ("POST", "/proxies/web/toxics", Task(what=What.CREATE_TOXIC, proxy="web")),
        ("GET", "/proxies/web/toxics/slow", Task(what=What.SHOW_TOXIC, proxy="web", toxic="slow")),
        ("POST", "/proxies/web/toxics/slow", Task(what=What.UPDATE_TOXIC, proxy="web", toxic="slow")),
        ("PATCH", "/proxies/web/toxics/slow", Task(what=What.UPDATE_TOXIC, proxy="web", toxic="slow")),
        ("DELETE", "/proxies/web/toxics/slow", Task(what=What.DELETE_TOXIC, proxy="web", toxic="slow")),
    ],
)
def test_each_route_is_a_task(method: str, target: str, task: Task) -> None:
    assert route(Request(method=method, target=target)) == task


@pytest.mark.parametrize("target", ["/", "/proxies/", "/proxy", "/proxies/web/", "/proxies/web/toxics/", "/proxies/a/toxics/b/c"])
def test_other_paths_are_not_found(target: str) -> None:
    assert route(Request(method="GET", target=target)) == NOT_FOUND


@pytest.mark.parametrize(
    ("method", "target"),
    [("HEAD", "/proxies"), ("DELETE", "/proxies"), ("GET", "/reset"), ("PUT", "/proxies/web"), ("POST", "/version")],
)
def test_another_method_on_a_path_is_not_allowed_and_says_nothing(method: str, target: str) -> None:
    assert route(Request(method=method, target=target)) == Response(status=405)


def test_a_browser_is_refused() -> None:
    request = Request(method="GET", target="/proxies", headers=(("user-agent", "Mozilla/5.0 (X11)"),))
    assert route(request) == Response(
        status=403, headers=(("content-type", "text/plain; charset=utf-8"),), body=b"User agent not allowed\n"
    )


def test_a_page_that_points_its_own_name_at_us_is_refused() -> None:
    request = Request(method="GET", target="/proxies", headers=(("host", "rebound.example.com:8474"),))
    assert route(request) == Response(
        status=403,
        headers=(("content-type", "text/plain; charset=utf-8"),),
        body=b"Host not allowed: call it by its address, by a name without dots, or by what --host was told\n",
    )


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("", True),
        ("localhost:8474", True),
        ("LOCALHOST", True),
        ("localhost.", True),
        ("127.0.0.1:8474", True),
        ("192.168.1.4:8474", True),
        ("[::1]:8474", True),
        ("toxiproxy:8474", True),
        ("host.docker.internal:8474", True),
        ("printer.local", True),
        ("chaos.corp.example:8474", True),
        ("CHAOS.corp.example", True),
        ("evil.com", False),
        ("localhost.evil.com:8474", False),
        ("127.0.0.1.evil.com", False),
        ("internal.evil.com", False),
        ("[evil", True),
        ("a:b:c", False),
    ],
)
def test_only_names_that_no_stranger_can_own_are_ours(host: str, own: bool) -> None:
    assert is_own_name(host, "chaos.corp.example") is own
