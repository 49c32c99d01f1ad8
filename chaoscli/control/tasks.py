"""What a task does to the collection, and what its reply says."""

from __future__ import annotations

from chaoscli.control import replies, wire
from chaoscli.control.collection import Collection
from chaoscli.control.proxies import Proxy, check_named
from chaoscli.control.replies import ApiError
from chaoscli.control.routes import Task, What
from chaoscli.messages import Response


async def do(task: Task, collection: Collection) -> Response:
    """Do what was asked and say how it went; every refusal becomes its reply."""
    try:
        return await _do(task, collection)
    except ApiError as error:
        return error.render()


async def _do(task: Task, collection: Collection) -> Response:
    match task.what:
        case What.VERSION:
            return replies.version()
        case What.LIST_PROXIES:
            return replies.reply({name: collection.proxies[name].plain() for name in sorted(collection.proxies)})
        case What.CREATE_PROXY:
            return replies.reply((await _create(task, collection)).plain(), 201)
        case What.POPULATE:
            return await _populate(task, collection)
        case What.RESET:
            await collection.reset()
            return replies.nothing()
        case What.METRICS:
            raise ApiError(404, "no metrics are kept here")
        case _:
            return await _do_with(collection.find(task.proxy), task, collection)


async def _do_with(proxy: Proxy, task: Task, collection: Collection) -> Response:
    match task.what:
        case What.UPDATE_PROXY:
            await collection.update_proxy(proxy, wire.read_proxy(wire.read_body(task.body)))
        case What.DELETE_PROXY:
            collection.delete_proxy(proxy)
            return replies.nothing()
        case What.LIST_TOXICS:
            return replies.reply([toxic.plain() for toxic in proxy.listed()])
        case What.CREATE_TOXIC:
            return replies.reply(collection.add_toxic(proxy, wire.read_toxic(wire.read_body(task.body))).plain())
        case What.SHOW_TOXIC:
            return replies.reply(proxy.toxic(task.toxic).plain())
        case What.UPDATE_TOXIC:
            toxic = proxy.toxic(task.toxic)
            collection.update_toxic(proxy, toxic, wire.read_toxic(wire.read_body(task.body)))
            return replies.reply(toxic.plain())
        case What.DELETE_TOXIC:
            collection.remove_toxic(proxy, proxy.toxic(task.toxic))
            return replies.nothing()
    return replies.reply(proxy.plain())


async def _create(task: Task, collection: Collection) -> Proxy:
    asked = wire.read_whole_proxy(wire.read_body(task.body))
    check_named(asked)
    collection.check_free(asked.name)
    return await collection.create_proxy(asked)


async def _populate(task: Task, collection: Collection) -> Response:
    made: list[Proxy] = []
    try:
        await collection.populate(wire.read_proxies(wire.read_body(task.body)), made.append)
    except ApiError as error:
        return replies.populate_failed(error, [proxy.plain() for proxy in made])
    return replies.reply({"proxies": [proxy.plain() for proxy in made]}, 201)
