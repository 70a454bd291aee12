package supervisor

import (
	"bytes"
	"fmt"
	"strings"
	"syscall"

	"seward/enforce/hooks"
	"seward/internal/linux"
	"seward/policy"
)

// mountLabels are the labels of a filesystem that was mounted inside.
type mountLabels struct {
	hooks.MountSIDs
	contexts hooks.MountContexts
	creator  policy.SID // who mounted it
}

// same reports whether a mount asks for the labels that the filesystem has.
func (m *mountLabels) same(o *mountLabels) bool { return m != nil && m.MountSIDs == o.MountSIDs }

// apply has a filesystem's labels be as its mount said.
func (m *mountLabels) apply(fs *filesystem) {
	fs.given = m
	if m.FSContext != 0 {
		fs.sb.SID = m.FSContext
	}
	if m.Context != 0 {
		fs.labels, fs.sb.Labels = labelMount, false
		fs.sb.MountSID = m.Context
		if m.FSContext == 0 {
			fs.sb.SID = m.Context
		}
	}
}

// bornLabel is the label of an object that was never given one, on a filesystem
// that was mounted inside.
func (a *actor) bornLabel(p *place, fs *filesystem) policy.SID {
	e, given := a.engine, fs.given
	switch {
	case given.RootContext != 0 && a.isRoot(p, fs):
		return given.RootContext
	case fs.labels == labelStored && given.DefContext != 0:
		return given.DefContext
	case fs.labels == labelStored:
		return e.auth.Initial(hooks.SIDFile)
	}
	sid, err := e.auth.Transition(given.creator, fs.sb.SID, p.class(), "")
	if err != nil {
		return e.unlabelled(fs)
	}
	return sid
}

// isRoot reports whether a place is the root of its filesystem.
func (a *actor) isRoot(p *place, fs *filesystem) bool {
	return p.isDir() && fs.inside(a.pathOf(p)) == "/"
}

// takeContexts takes the options that give labels out of the text of a mount's
// options. Their values may be quoted, and may then have commas in them.
func takeContexts(data []byte, to *hooks.MountContexts) ([]byte, syscall.Errno) {
	text := data
	if end := bytes.IndexByte(text, 0); end >= 0 {
		text = text[:end]
	}
	var kept []string
	found := false
	for rest := string(text); rest != ""; {
		var option string
		option, rest = cutOption(rest)
		key, value, _ := strings.Cut(option, "=")
		field := contextOption(key, to)
		switch {
		case field != nil && strings.Contains(option, "="):
			value = strings.ReplaceAll(value, `"`, "")
			if *field != "" || value == "" {
				return nil, syscall.EINVAL
			}
			*field, found = value, true
		case option == "seclabel":
			found = true
		default:
			kept = append(kept, option)
		}
	}
	if !found {
		return data, 0
	}
	out := make([]byte, mountDataSize)
	copy(out, strings.Join(kept, ","))
	return out, 0
}

// cutOption cuts the first option off. Commas in quotes don't end it.
func cutOption(text string) (option, rest string) {
	quoted := false
	for i := range len(text) {
		switch {
		case text[i] == '"':
			quoted = !quoted
		case text[i] == ',' && !quoted:
			return text[:i], text[i+1:]
		}
	}
	return text, ""
}

// contextOption returns where the value of an option belongs that gives a label.
func contextOption(key string, to *hooks.MountContexts) *string {
	switch key {
	case "context":
		return &to.Context
	case "fscontext":
		return &to.FSContext
	case "rootcontext":
		return &to.RootContext
	case "defcontext":
		return &to.DefContext
	}
	return nil
}

// sameContexts checks that a remount asks for no other labels than there are.
func (a *actor) sameContexts(c *hooks.MountContexts, target *place) syscall.Errno {
	if !c.Any() {
		return 0
	}
	fs := a.engine.labels.filesystem(&target.st)
	if fs.given == nil {
		return syscall.EINVAL
	}
	for _, pair := range []struct {
		text string
		sid  policy.SID
	}{
		{c.Context, fs.given.Context},
		{c.FSContext, fs.given.FSContext},
		{c.RootContext, fs.given.RootContext},
		{c.DefContext, fs.given.DefContext},
	} {
		if pair.text == "" {
			continue
		}
		if sid, err := a.engine.auth.SID(pair.text); err != nil || sid != pair.sid {
			return syscall.EINVAL
		}
	}
	return 0
}

// readMounts remembers where filesystems are at the start.
func (l *labels) readMounts() error {
	mounts, err := linux.ReadMounts("self")
	if err != nil {
		return fmt.Errorf("read mounts: %w", err)
	}
	l.mounts = map[uint64][]linux.Mount{}
	for _, m := range mounts {
		l.mounts[m.Device()] = append(l.mounts[m.Device()], m)
	}
	return nil
}

// canonical returns the path that an object had at the start, by the mount that
// shows most of its filesystem. By which mount it was reached makes no difference
// to its label: mounting something elsewhere doesn't relabel it.
func (l *labels) canonical(where string, fs *filesystem) string {
	known := l.mounts[fs.mount.Device()]
	if len(known) == 0 || !strings.HasPrefix(where, "/") || fs.mount.Point == "" {
		return where
	}
	inside := fs.inside(where)
	var best *linux.Mount
	for i := range known {
		m := &known[i]
		if below(inside, m.Root) && (best == nil || len(m.Root) < len(best.Root)) {
			best = m
		}
	}
	if best == nil {
		return where
	}
	rest := strings.TrimPrefix(strings.TrimPrefix(inside, strings.TrimSuffix(best.Root, "/")), "/")
	switch {
	case rest == "":
		return best.Point
	case best.Point == "/":
		return "/" + rest
	}
	return best.Point + "/" + rest
}

// below reports whether a path is a directory or in it.
func below(path, dir string) bool {
	return dir == "/" || path == dir || strings.HasPrefix(path, dir+"/")
}

// otherMounts returns a task of each mount namespace but the supervisor's.
func (e *engine) otherMounts() []int {
	var list []int
	seen := map[uint64]bool{}
	e.tasks.each(func(t *task) {
		fs := t.state()
		if fs == nil || !fs.isForeign() {
			return
		}
		if n, err := namespaceOf(t.tid, "mnt"); err == nil && !seen[n] {
			seen[n] = true
			list = append(list, t.tid)
		}
	})
	return list
}

// isForeign reports whether the mount namespace may not be the supervisor's.
func (f *fsState) isForeign() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.foreign
}

// showLabels adds to each line of the mounts of a process the labels that the
// filesystem was mounted with, as the kernel does.
func (a *actor) showLabels(text string, info bool, tid int) string {
	mounts, err := readMountsOf(tid)
	if err != nil {
		return text
	}
	l := a.engine.labels
	var b strings.Builder
	at := 0
	for line := range strings.Lines(text) {
		if at >= len(mounts) {
			b.WriteString(line)
			continue
		}
		l.fsMu.Lock()
		fs := l.fs.describe(mounts[at])
		l.fsMu.Unlock()
		at++
		shown := fs.showContexts()
		line = strings.TrimSuffix(line, "\n")
		f := strings.Split(line, " ")
		options := 3
		if info {
			options = len(f) - 1
		}
		if shown != "" && len(f) >= 6 {
			access, rest, more := strings.Cut(f[options], ",")
			f[options] = access + shown
			if more {
				f[options] += "," + rest
			}
			line = strings.Join(f, " ")
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

// showContexts adds to a line of mounts what the filesystem's labels are, as the
// kernel does.
func (fs *filesystem) showContexts() string {
	var b strings.Builder
	if fs.given != nil {
		c := &fs.given.contexts
		for _, o := range []struct{ key, value string }{
			{"context", c.Context}, {"fscontext", c.FSContext}, {"defcontext", c.DefContext}, {"rootcontext", c.RootContext},
		} {
			if o.value == "" {
				continue
			}
			b.WriteString("," + o.key + "=")
			if strings.Contains(o.value, ",") {
				b.WriteString(`"` + o.value + `"`)
			} else {
				b.WriteString(o.value)
			}
		}
	}
	if b.Len() > 0 && fs.sb.Labels {
		b.WriteString(",seclabel")
	}
	return b.String()
}
