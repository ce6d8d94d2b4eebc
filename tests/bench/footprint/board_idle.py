# What stays in memory between two wakings of the agent: the supervisor, with nothing due.
def rest():
    from uscomo import supervisor

    supervisor.current = supervisor.Supervisor()
    supervisor.current._limit = None
    supervisor.current._rest()
