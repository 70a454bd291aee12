package supervisor

import (
	"strconv"
	"strings"
	"sync"

	"seward/enforce/hooks"
	"seward/enforce/selinuxfs"
	"seward/internal/linux"
	"seward/policy"
)

// /etc/selinux tells tools whether SELinux is configured, how the policy is
// called and where its file contexts are. A run whose configuration has file
// contexts shows a directory of its own there: the machine's, if it has any, is
// about another policy.

const (
	etcDir    = "/etc/selinux"
	etcPolicy = "seward" // SELINUXTYPE
)

// etcTree is the content of the directory, by path below it. Directories have
// entries instead of data.
type etcTree struct {
	files map[string][]byte
	dirs  map[string][]string
	key   objectKey // of /etc
	// image is the path of the policy that the run began with, policy itself. The
	// file is made when it is first asked for.
	image  string
	policy *policy.Policy
	once   sync.Once
	data   []byte
}

// content returns what is in a file.
func (t *etcTree) content(below string) []byte {
	if below != t.image {
		return t.files[below]
	}
	t.once.Do(func() {
		// What can't be written is empty: a tool that loads it is told so.
		t.data, _ = selinuxfs.Image(t.policy)
	})
	return t.data
}

func newEtcTree(e *engine) *etcTree {
	if e.cfg.FileContexts == nil {
		return nil
	}
	var st linux.Statx
	if linux.Stat(linux.AtFDCwd, linux.MakeName("/etc"), 0, walkMask, &st) != nil {
		return nil
	}
	mode := "permissive"
	if e.auth.Enforcing() {
		mode = "enforcing"
	}
	contexts := etcPolicy + "/contexts"
	p := e.auth.server.Policy()
	image := "policy." + strconv.Itoa(int(p.Version()))
	return &etcTree{
		key:   keyOf(&st),
		image: etcPolicy + "/policy/" + image, policy: p,
		dirs: map[string][]string{
			"": {"config", etcPolicy}, etcPolicy: {"contexts", "policy"}, contexts: {"files"},
			contexts + "/files": {"file_contexts"}, etcPolicy + "/policy": {image},
		},
		files: map[string][]byte{
			"config":                          []byte("SELINUX=" + mode + "\nSELINUXTYPE=" + etcPolicy + "\n"),
			contexts + "/files/file_contexts": e.cfg.FileContexts,
		},
	}
}

// below returns a node's path below the directory.
func (t *etcTree) below(n *node) string {
	return strings.TrimPrefix(strings.TrimPrefix(n.where, etcDir), "/")
}

// node returns the node at a path below the directory, nil if there is none.
func (t *etcTree) node(below string) *node {
	_, dir := t.dirs[below]
	_, file := t.files[below]
	if !dir && !file && below != t.image {
		return nil
	}
	return &node{kind: nodeEtc, where: strings.TrimSuffix(etcDir+"/"+below, "/"), dir: dir}
}

func (t *etcTree) lookup(dir *node, name string) *node {
	return t.node(strings.TrimPrefix(t.below(dir)+"/"+name, "/"))
}

func (t *etcTree) stat(n *node, st *linux.Statx) {
	st.Mode = linux.SIFREG | 0o644
	if n.dir {
		st.Mode, st.Nlink = linux.SIFDIR|0o755, 2
	}
	below := t.below(n)
	st.Size = uint64(len(t.content(below)))
	for _, c := range below {
		st.Ino = st.Ino*31 + uint64(c) //nolint:gosec // G115: a character.
	}
	st.Ino |= 1 << 40
}

// label is the label by file contexts.
func (t *etcTree) label(e *engine, n *node) policy.SID {
	var st linux.Statx
	t.stat(n, &st)
	if e.cfg.Labels != nil {
		if text, ok := e.cfg.Labels.Lookup(n.where, uint32(st.Mode)); ok {
			if sid, err := e.auth.SID(text); err == nil {
				return sid
			}
		}
	}
	return e.auth.Initial(hooks.SIDFile)
}
