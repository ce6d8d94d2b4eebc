# A start of the device: how it begins, what it starts, how its trials go, how its apps end. Works
# on the supervisor, imported while that is awake; reads the record through lifecycle.
import asyncio

import uscomo_boot
from uscomo import agent, lifecycle, platform
from uscomo.constant import const

# What apps get to end by themselves before a restart, in milliseconds.
_STOP = const(2000)
# A trial that is longer than this and ten times what it should last is told, in milliseconds.
_LONG = const(60000)
_HOUR = const(3600000)


def begin(held, say):
    """See to trials and safe mode, clean up; before anything runs. The start is counted."""
    held.safe = lifecycle.settle(held.store, say)
    held.store.collect(agent.kept(held.nodes))
    held.new_agent = lifecycle.new_agent(held.store) is not None
    if held.new_agent:
        held.agent.check()  # a good session is its proof
    if held.setting("update_at_boot"):
        _update(held)
    relayed = held.settings.get("bearer") == "relay"
    port = held.setting("notify_port")
    outward = held.setting("notify_out")
    try:
        if relayed:
            from uscomo import relay

            held.listener = relay.listen()
            say("listens at the relay")
        elif port:
            from uscomo import notify

            held.listener = notify.Listener(port)
            say("listens on port %d" % port)
        elif outward:
            from uscomo import reach

            held.listener = reach.Outward(outward, held.settings, say)
    except (ImportError, OSError):  # a board without a network has no sockets
        say("cannot listen on port %d" % (port or outward))


def start(held, say):
    """Start what is active; the one foreground app, (component number, id, main), or None."""
    foreground = None
    for number, id, entry in () if held.safe else list(lifecycle.entries(held.store)):
        held.front = id
        if lifecycle.on_trial(held.store, number):
            say("component %s on trial" % id)
        try:
            main = __import__(entry).main
        except (Exception, SystemExit) as error:
            held.crashed(number, error)
            continue
        if platform.is_async(main):
            held.running[number] = platform.ticks()
            held.tasks.append((asyncio.create_task(held.task(number, main)), id))
        elif foreground:
            # Its trial fails like any other that never runs.
            say("component %s not started: one foreground app" % id)
            held.running[number] = None
            held.failed = held.failed or lifecycle.on_trial(held.store, number)
        else:
            foreground = number, id, main
    held.front = None
    return foreground


def _update(held):
    # Of all that is installed, by the device's own choice.
    if held.nodes.children("DMAcc"):
        held.agent.request("update", "", "Device")


def poll(held, say):
    """Queue what a server or the time wants; in how many ms the next comes, each, 0 for never."""
    found = held.listener and held.listener.poll(held.nodes)
    if found:
        say("notified by %s" % found[0])
        held.agent.notified(*found)
    wanted = held.setting("poll") * 1000
    if wanted and platform.elapsed(held.polled) >= wanted:
        held.polled = platform.ticks()
        held.agent.poll()
    # A clock of milliseconds turns around too early for hours.
    hours = int(held.nodes.get("SCOMO/CheckUpdateFreq") or b"0")
    if platform.elapsed(held.hour) >= _HOUR:
        held.hour = platform.ticks()
        held.hours += 1
    if hours and held.hours >= hours:
        held.hours = 0
        _update(held)
    return (
        wanted and max(1, wanted - platform.elapsed(held.polled)),
        hours and max(1, _HOUR - platform.elapsed(held.hour)),
    )


def tend(held, say):
    """In how many ms the start is a clean one (0: it is), and the ids of what is on trial.

    A trial is over when its app has run long enough; a new agent's, after a good session.
    """
    if held.failed:
        platform.reset()
    if held.safe and not held.store.flags & uscomo_boot.SAFE:
        held.restart()
    wanted = held.setting("confirm_after", 10) * 1000
    ran = platform.elapsed(held.since)
    if ran >= wanted:
        held.clean()
    trials = lifecycle.end_trials(held.store, held.running, wanted, say)
    held.loud = held.loud or max(_LONG, 10 * wanted)
    if trials and ran >= held.loud:
        say("on trial for %d s: %s" % (ran // 1000, " ".join(trials)))
        held.loud *= 2
    if held.new_agent:
        held.new_agent = lifecycle.new_agent(held.store) is not None
        if held.new_agent and ran >= held.setting("agent_trial", 600) * 1000:
            say("no good session with the new agent")
            platform.reset()
    return held.store.abnormal and max(1, wanted - ran), trials


async def stop(tasks):
    """Cancel the apps: each has its `finally`, all together have a bounded time."""
    for task, _ in tasks:
        task.cancel()
    began = platform.ticks()
    while platform.elapsed(began) < _STOP:
        platform.feed()
        await asyncio.sleep(0.02)
        if not [task for task, _ in tasks if not task.done()]:
            break
