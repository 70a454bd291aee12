package supervisor

import (
	"strconv"

	"seward/internal/linux"
)

// Opening /dev/ptmx makes a pseudoterminal, whose file appears in a devpts beside
// it: an object that is made without a call that names it.

// isMultiplexer reports whether a device is /dev/ptmx.
func isMultiplexer(st *linux.Statx) bool { return st.Rdev_major == 5 && st.Rdev_minor == 2 }

// labelPseudoterminal gives the file of a pseudoterminal that the task has just
// made the label of its making. fd is its other side, opened where the walk ended.
func (a *actor) labelPseudoterminal(fd int) {
	dir := &a.first.dir
	number, err := linux.PseudoterminalNumber(fd)
	if err != nil || dir.fd < 0 {
		return
	}
	name := strconv.Itoa(number)
	for _, name := range []string{"pts/" + name, name} {
		p := &a.argument
		p.reset()
		opened, err := linux.Openat(dir.fd, linux.MakeName(name), linux.OPath|linux.ONofollow|linux.OCloexec, 0)
		if err != nil || a.adoptFD(p, opened, true) != 0 {
			continue
		}
		fs := a.engine.labels.filesystem(&p.st)
		if fs.mount.Type != "devpts" || fs.labels != labelCreated {
			continue
		}
		sid, err := a.engine.auth.Transition(a.subject.SID, fs.sb.SID, p.class(), "")
		if err == nil && sid != a.label(p) {
			_ = a.setLabel(p, sid)
		}
		return
	}
}
