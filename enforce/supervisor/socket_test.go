package supervisor_test

import (
	"strings"
	"testing"

	"seward/internal/oracle"
)

// What allowed programs do with sockets is as without supervision.
func TestSocketsAllowed(t *testing.T) {
	t.Parallel()
	oracle.Need(t, "python3")
	script := `python3 - <<'EOF'
import os, socket, struct, threading
def pair(a, b):
    a.sendall(b'x'); print(b.recv(1)); a.close(); b.close()
pair(*socket.socketpair())
pair(*socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM))
for block in True, False:
    for where in 'path', '\0abstract%d' % os.getpid():
        l = socket.socket(socket.AF_UNIX); l.bind(where); l.listen(1)
        print(l.getsockname() == (where if where[0] != '\0' else where.encode()))
        c = socket.socket(socket.AF_UNIX); c.connect(where)
        l.setblocking(block)
        s, _ = l.accept()
        pid, uid, gid = struct.unpack('3i', s.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        print(pid == os.getpid(), uid == os.getuid(), gid == os.getgid())
        pid, uid, gid = struct.unpack('3i', c.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        print(pid == os.getpid(), uid == os.getuid(), gid == os.getgid())
        pair(c, s); l.close()
        if where[0] != '\0': os.unlink(where)
t = socket.socket(); t.bind(('127.0.0.1', 0)); t.listen(5)
def serve():
    s, _ = t.accept(); s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    print(s.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)); s.sendmsg([b'hel', b'lo']); s.shutdown(socket.SHUT_WR); s.close()
th = threading.Thread(target=serve); th.start()
c = socket.create_connection(t.getsockname()); print(c.recv(10), c.getpeername() == t.getsockname()); th.join()
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(('127.0.0.1', 0))
v = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); v.sendto(b'udp', u.getsockname()); print(u.recv(9))
v.connect(u.getsockname()); v.sendmsg([b'more']); print(u.recv(9))
d = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); d.bind('dgram')
e = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); e.sendto(b'one', 'dgram'); e.connect('dgram'); e.send(b'two'); e.sendmsg([b'thr', b'ee'])
print(d.recv(9), d.recv(9), d.recv(9))
try: socket.socket(socket.AF_UNIX).connect('dgram')
except OSError as x: print(x.errno)
try: socket.socket(socket.AF_UNIX).connect('none')
except OSError as x: print(x.errno)
try: socket.socket(socket.AF_UNIX).connect('\0none')
except OSError as x: print(x.errno)
try: socket.socket(1, 77, 0)
except OSError as x: print(x.errno)
try: socket.socket(200, 1, 0)
except OSError as x: print(x.errno)
n = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0); n.bind((0, 0)); print(n.getsockname()[0] == os.getpid())
d.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
e.sendmsg([b'c']); _, anc, _, _ = d.recvmsg(9, 100); print(os.getuid() != 0 or struct.unpack('3i', anc[0][2])[0] == os.getpid())
d.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 0)
r, w = os.pipe(); socket.send_fds(e, [b'f'], [w]); _, fds, _, _ = socket.recv_fds(d, 9, 2)
os.write(fds[0], b'through'); print(os.read(r, 9))
EOF`
	want, _ := native(t, t.TempDir(), script)
	got := newWorld(t, "").shell(t, t.TempDir(), script)
	if got.stdout != want {
		t.Errorf("got\n%s\nwant\n%s\n%s\n%s", got.stdout, want, got.stderr, strings.Join(got.avcs(), "\n"))
	}
}
