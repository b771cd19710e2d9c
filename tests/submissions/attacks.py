"""What tries to reach the next submission in the same room, or the program that serves it.

For each: the cell, what it gets to see itself in q1 (None: does not matter), and whether the room
can be used again afterwards.
"""

ATTACKS: dict[str, tuple[str, object, bool]] = {
    "reading the memory of the first process": (
        "def can(*x):\n"
        "    try: return bool(open(*x))\n"
        "    except OSError: return False\n"
        "q1 = any(can(f'/proc/1/{f}', m) for f in ('mem', 'environ', 'fd/0', 'root/room/x')"
        " for m in ('rb', 'r+b'))",
        False,
        True,
    ),
    "tracing the first process": (
        "import ctypes; q1 = ctypes.CDLL(None).ptrace(16, 1, 0, 0)",
        -1.0,
        True,
    ),
    "killing all": ("import os; os.kill(-1, 9)", None, True),
    "killing and stopping the first process": (
        "import os\nfor s in (2, 9, 15, 19, 20): os.kill(1, s)",
        None,
        True,
    ),
    "a limit on the first process": (
        "import resource; resource.prlimit(1, resource.RLIMIT_CPU, (1, 1))",
        None,
        False,
    ),
    "a low priority for the first process": (
        "import os; os.setpriority(os.PRIO_PROCESS, 1, 10)",
        None,
        False,
    ),
    "memory shared by its number": (
        "import ctypes; q1 = ctypes.CDLL(None).shmget(0, 100_000, 0o1600) < 0",
        None,
        False,
    ),
    "a daemon that ignores signals": (
        "import os, signal, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        "        for s in set(signal.Signals) - {9, 19}: signal.signal(s, signal.SIG_IGN)\n"
        "        time.sleep(600)\n"
        "    os._exit(0)",
        None,
        True,
    ),
    "a daemon in a namespace of its own": (
        "import ctypes, os, time\n"
        "if os.fork() == 0:\n"
        "    ctypes.CDLL(None).unshare(0x10000000 | 0x20000000)\n"
        "    os.fork()\n"
        "    time.sleep(600)",
        None,
        True,
    ),
    "files for the next one": (
        "import os\n"
        "for f in ('x', '/dev/shm/x', '.hidden'): open(f, 'w').write('x')\n"
        "os.makedirs('deep/' * 50); os.symlink('/', 'link'); q1 = 0",
        0.0,
        True,
    ),
    "a full room": (
        "try:\n    for n in range(1000): open(f'f{n}', 'wb').write(bytes(15_000_000))\n"
        "except OSError as e: q1 = e.errno",
        28.0,
        True,
    ),
    "places that are not its own": (
        "import os\n"
        "def can(folder):\n"
        "    try: return not open(f'{folder}/evil', 'w').close()\n"
        "    except OSError: return False\n"
        "q1 = sum(map(can, ['/', '/dev', '/proc', '/tmp', '/usr', '/etc', '/cache', '/root',"
        " os.path.dirname(os.path.dirname(os.__file__))]))",
        0.0,
        True,
    ),
    "settings of the kernel": (
        "def can(file):\n"
        "    try: return not open(f'/proc/{file}', 'r+').close()\n"
        "    except OSError: return False\n"
        "q1 = sum(map(can, ['sys/kernel/core_pattern', 'sysrq-trigger', 'self/oom_score_adj']))",
        0.0,
        True,
    ),
    "a room made writable again": (
        "import ctypes\nlibc = ctypes.CDLL(None)\n"
        "libc.mount(b'none', b'/', None, 32 | 4096, None)\n"
        "libc.unshare(0x10000000 | 0x20000)\n"
        "for p in (b'/', b'/usr', b'/proc'): libc.mount(b'none', p, None, 32 | 4096, None)\n"
        "try: q1 = bool(open('/usr/evil', 'w'))\nexcept OSError: q1 = False",
        False,
        True,
    ),
    "sockets of the system": (
        "import os; q1 = os.path.exists('/run') or os.path.exists('/var/run')",
        False,
        True,
    ),
}
#: What the next one sees of the one before: processes in q2, files in q3.
LOOK = (
    "import os\n"
    "q2 = [p for p in os.listdir('/proc') if p.isdecimal() and int(p) not in (1, os.getpid())]\n"
    "q3 = [f for d in ('.', '/dev/shm') for f in os.listdir(d) if not f.startswith(('prof', 'fo'))]"
)
