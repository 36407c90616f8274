"""Kills a process before the n-th operation that changes the tree; a write is killed in its middle.

`steps(begin, run, look)` is put in front of code that runs as uid 1001. Each attempt is a process group of its own, and
the count is shared by the processes that it forks. Python tells of an operation by an audit event, before it is done
(https://docs.python.org/3/library/audit_events.html); a write has none, so those functions are replaced.
"""

CODE = '''
import mmap, struct, time
CHANGES = {"os.rename", "os.symlink", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.truncate", "os.utime"}
count, limit = mmap.mmap(-1, 8), 0

def step():
    if not limit:
        return False
    number = struct.unpack("Q", count[:])[0] + 1
    count[:] = struct.pack("Q", number)
    return number == limit

def die():
    os.killpg(0, signal.SIGKILL)
    time.sleep(60)

def told(event, arguments):
    opened = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_CREAT | os.O_TRUNC)
    # what is in the folder of temporary files is no part of the tree
    if limit and (event in CHANGES or opened) and str(arguments[0]).startswith(str(shared.parent)) and step():
        die()

sys.addaudithook(told)

def halved(name):
    real = getattr(os, name)
    def write(handle, data, *more):
        where = os.readlink(f"/proc/self/fd/{handle}") if limit else ""
        if where.startswith(str(shared.parent)) and step():
            real(handle, bytes(data)[: len(data) // 2], *more)
            die()
        return real(handle, data, *more)
    setattr(os, name, write)

halved("write"); halved("pwrite")

def attempt(run, kill_at):
    global limit
    child = os.fork()
    if child == 0:
        os.setsid()
        limit = kill_at
        try:
            run()
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(9)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert not os.WIFEXITED(status) or os.WEXITSTATUS(status) == 0, (kill_at, status)
    return os.WIFSIGNALED(status)

def steps(begin, run, look):
    """Kill at every step: `look(True)` after the kill, and `look(False)` after a whole run that follows it."""
    number = 1
    while True:
        begin()
        count[:] = struct.pack("Q", 0)
        killed = attempt(run, number)
        look(killed)
        if not killed:
            return number - 1
        assert not attempt(run, 0)
        look(False)
        number += 1
'''
