package label

import (
	"strings"
	"sync"

	"seward/policy"
	"seward/policy/secctx"
)

// Object is what Resolver labels.
type Object struct {
	// Path is where file contexts look for it.
	Path string
	// Filesystem is the type of its filesystem and Inside its path in it, from
	// the filesystem's own root.
	Filesystem, Inside string
	Mode               uint32 // its type, as in ModeFormat
	// Stored is the label that is stored with it, empty if there is none.
	Stored string
	// Mount is the label that the mount option context= gives to all of the
	// filesystem, empty without the option.
	Mount string
	// Creator is the label of the task that made it, as far as one is known.
	Creator string
}

// Origin says where a label comes from.
type Origin uint8

// Origins of labels.
const (
	// FromNothing: the policy says nothing, so it counts as unlabeled.
	FromNothing Origin = iota
	// FromMount is the mount option context=.
	FromMount
	// FromStored is the label stored with the object.
	FromStored
	// FromInvalid: what is stored is no context of the policy, so it counts as
	// unlabeled.
	FromInvalid
	// FromSpecs is a file context.
	FromSpecs
	// FromGenFS is a genfscon statement.
	FromGenFS
	// FromFilesystem is the label of the filesystem itself.
	FromFilesystem
	// FromTask is the label of the task that made the object (fs_use_task).
	FromTask
	// FromTransition (fs_use_trans): the label is the one of a new object that the
	// task that made it creates in something labelled Context. Only a security
	// server can tell it.
	FromTransition
)

// Resolution is a label and where it comes from.
type Resolution struct {
	Context string
	From    Origin
}

// Resolver labels objects by a policy and its file contexts, as a kernel with
// that policy would, and where a kernel would have found no stored label by the
// file contexts instead. NewResolver makes one.
type Resolver struct {
	policy *policy.Policy
	specs  *Specs

	unlabeled string
	uses      map[string]*policy.FSUse

	mu    sync.Mutex
	genfs map[string][]policy.GenFSPath
}

// NewResolver returns a Resolver. specs may be nil.
func NewResolver(p *policy.Policy, specs *Specs) *Resolver {
	r := &Resolver{
		policy: p, specs: specs,
		uses: map[string]*policy.FSUse{}, genfs: map[string][]policy.GenFSPath{},
	}
	data := p.Data()
	for i := range data.FSUses {
		use := &data.FSUses[i]
		r.uses[use.Name] = use
	}
	for i := range data.InitialSIDs {
		// The kernel's number of unlabeled; images have no names.
		if s := &data.InitialSIDs[i]; s.SID == 3 {
			r.unlabeled = secctx.Format(p, s.Context)
		}
	}
	return r
}

// paths returns the genfscon paths of a filesystem type, longest first.
func (r *Resolver) paths(filesystem string) []policy.GenFSPath {
	r.mu.Lock()
	defer r.mu.Unlock()
	paths, ok := r.genfs[filesystem]
	if !ok {
		paths = r.policy.GenFSPaths(filesystem)
		r.genfs[filesystem] = paths
	}
	return paths
}

// Filesystem returns the label of a filesystem of a type itself, and how its
// objects are labelled: 0 for genfscon or nothing at all.
func (r *Resolver) Filesystem(name string) (context string, behavior policy.FSUseBehavior) {
	if use, ok := r.uses[name]; ok {
		return secctx.Format(r.policy, use.Context), use.Behavior
	}
	if g := r.policy.MatchGenFS(r.paths(name), "/", r.class(ModeDirectory)); g != nil {
		return secctx.Format(r.policy, g.Context), 0
	}
	return r.unlabeled, 0
}

// Resolve labels an object.
func (r *Resolver) Resolve(o *Object) Resolution {
	if o.Mount != "" {
		return Resolution{o.Mount, FromMount}
	}
	use, used := r.uses[o.Filesystem]
	switch {
	case !used && len(r.paths(o.Filesystem)) > 0:
		return r.byGenFS(o)
	case !used || use.Behavior == policy.FSUseXattr:
		return r.byStored(o)
	case use.Behavior == policy.FSUseTask && o.Creator != "":
		return Resolution{o.Creator, FromTask}
	case use.Behavior == policy.FSUseTrans:
		// Some of these keep labels too; one that was set counts.
		if o.Stored != "" {
			return r.byStored(o)
		}
		return Resolution{secctx.Format(r.policy, use.Context), FromTransition}
	}
	return Resolution{secctx.Format(r.policy, use.Context), FromFilesystem}
}

// byStored labels an object whose filesystem keeps labels, or about whose
// filesystem the policy says nothing, so that labels are kept elsewhere.
func (r *Resolver) byStored(o *Object) Resolution {
	if o.Stored != "" {
		if _, err := secctx.Parse(r.policy, o.Stored); err != nil {
			return Resolution{r.unlabeled, FromInvalid}
		}
		return Resolution{o.Stored, FromStored}
	}
	if r.specs != nil {
		if context, ok := r.specs.Lookup(o.Path, o.Mode); ok {
			return Resolution{context, FromSpecs}
		}
	}
	return Resolution{r.unlabeled, FromNothing}
}

// byPath are the filesystem types whose objects genfscon labels one by one; of
// all others every object has the label of the root (kernel security/selinux/hooks.c,
// selinux_set_mnt_opts). Where it is true a stored label goes before.
var byPath = map[string]bool{
	"proc": false, "debugfs": false, "tracefs": false, "binder": false, "bpf": false,
	"pstore": false, "securityfs": false, "selinuxfs": false, "functionfs": false,
	"sysfs": true, "cgroup": true, "cgroup2": true,
}

// byGenFS labels an object of a filesystem with genfscon statements.
func (r *Resolver) byGenFS(o *Object) Resolution {
	stored, listed := byPath[o.Filesystem]
	switch {
	case !listed,
		o.Filesystem == "functionfs" && !r.policy.Has(policy.CapFunctionfsSeclabel),
		o.Mode&ModeFormat == ModeSymlink && !r.policy.Has(policy.CapGenfsSeclabelSymlinks):
		context, _ := r.Filesystem(o.Filesystem)
		return Resolution{context, FromFilesystem}
	case stored && o.Stored != "":
		return r.byStored(o)
	}
	inside := o.Inside
	if o.Filesystem == "proc" {
		inside = withoutProcess(inside)
	}
	g := r.policy.MatchGenFS(r.paths(o.Filesystem), inside, r.class(o.Mode))
	if g == nil {
		return Resolution{r.unlabeled, FromNothing}
	}
	return Resolution{secctx.Format(r.policy, g.Context), FromGenFS}
}

// withoutProcess removes the number of a process from the start of a path in
// proc.
func withoutProcess(path string) string {
	rest := strings.TrimLeft(strings.TrimPrefix(path, "/"), "0123456789")
	if !strings.HasPrefix(rest, "/") {
		return "/" + rest
	}
	return rest
}

// class returns the policy's number of the class of files of a type, 0 if it has
// none.
func (r *Resolver) class(mode uint32) policy.ClassID {
	name := map[uint32]string{
		ModeDirectory: "dir", ModeSymlink: "lnk_file", ModeCharacter: "chr_file", ModeBlock: "blk_file",
		ModeFIFO: "fifo_file", ModeSocket: "sock_file",
	}[mode&ModeFormat]
	if name == "" {
		name = "file"
	}
	if c := r.policy.ClassByName(name); c != nil {
		return c.ID
	}
	return 0
}
