"""What the agent costs on a board: sizes, heap, peaks, time, on the emulated Pico.

``python -m tests.bench.footprint [--json]`` from the project's root prints the table of the
blueprint's section 10 and ends with 1 when a figure is over its budget.

    phases    which modules make up a phase, and the budgets
    build     compiles the agent and the board's side of this bench
    measure   runs it on the board; every figure is taken in a copy of one prepared board
    board_*   what runs on the board, compiled like the agent
"""
