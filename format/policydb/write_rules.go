package policydb

import (
	"encoding/binary"

	"seward/policy"
	"seward/policy/ebitmap"
)

// rules writes the access vector table, conditionals, role transitions, role
// allows and filename transitions.
func (w *writer) rules() {
	rules := w.b.Rules
	order := w.order.rules(rules)
	w.length(len(rules))
	for i := range rules {
		if order != nil {
			w.rule(&rules[order[i]], 0)
		} else {
			w.rule(&rules[i], 0)
		}
	}

	w.length(len(w.b.Conditionals))
	for i := range w.b.Conditionals {
		w.conditional(&w.b.Conditionals[i])
	}
	w.roleTransitions()
	w.length(len(w.b.RoleAllows))
	for _, a := range w.b.RoleAllows {
		w.u32(uint32(a.From), uint32(a.To))
	}
	switch {
	case w.version >= policy.VersionCompactFilename:
		w.filenameTransitions()
	case w.version >= policy.VersionFilenameTransitions:
		w.singleFilenameTransitions()
	}
}

func (w *writer) rule(r *policy.Rule, mark uint16) {
	// Build has bounded types and classes to 16 bits.
	key := uint64(r.Source) | uint64(r.Target)<<16 | uint64(r.Class)<<32 | uint64(uint16(r.Kind)|mark)<<48
	w.buf = binary.LittleEndian.AppendUint64(w.buf, key)
	if r.Kind&policy.XpermKinds == 0 {
		w.buf = binary.LittleEndian.AppendUint32(w.buf, r.Data)
		return
	}
	x := &w.b.Xperms[r.Data]
	w.buf = append(w.buf, uint8(x.Kind), x.Driver)
	for _, bits := range x.Bits {
		w.buf = binary.LittleEndian.AppendUint32(w.buf, bits)
	}
}

func (w *writer) conditional(c *policy.Conditional) {
	w.u32(uint32(c.State)) //nolint:gosec // G115: the image's word, -1 for undefined.
	w.length(len(c.Expr))
	for _, op := range c.Expr {
		w.u32(uint32(op.Kind), uint32(op.Boolean))
	}
	branch := func(rules []policy.Rule, inForce bool) {
		var mark uint16
		if inForce {
			mark = enabledMark
		}
		w.length(len(rules))
		for i := range rules {
			w.rule(&rules[i], mark)
		}
	}
	branch(c.True, c.State == 1)
	branch(c.False, c.State == 0)
}

func (w *writer) roleTransitions() {
	list := w.b.RoleTransitions
	withClass := w.version >= policy.VersionRoleTransitionClass
	process := w.processClass()
	n := 0
	for i := range list {
		if withClass || w.order.classless(list[i].Class, process) {
			n++
		}
	}
	w.length(n)
	for i := range list {
		t := &list[i]
		switch {
		case withClass:
			w.u32(uint32(t.Role), uint32(t.Type), uint32(t.Result), uint32(t.Class))
		case w.order.classless(t.Class, process):
			w.u32(uint32(t.Role), uint32(t.Type), uint32(t.Result))
		}
	}
}

// fileGroup is what one key of a filename transition leads to.
type fileGroup struct {
	key     fileKey
	results []fileResult
}

type fileResult struct {
	sources ebitmap.Set[policy.TypeID]
	result  policy.TypeID
}

// groupFilenames gathers transitions by key and result, in the order in which
// each comes first. An image that was read has them so; a policy that came from
// single entries need not.
func groupFilenames(list []policy.FilenameTransition) []fileGroup {
	type resultKey struct {
		group  int
		result policy.TypeID
	}
	groups := make([]fileGroup, 0, len(list))
	byKey := make(map[fileKey]int, len(list))
	byResult := make(map[resultKey]int, len(list))
	for i := range list {
		t := &list[i]
		key := fileKey{t.Name, t.Target, t.Class}
		j, ok := byKey[key]
		if !ok {
			j = len(groups)
			byKey[key] = j
			groups = append(groups, fileGroup{key: key})
		}
		g := &groups[j]
		if k, ok := byResult[resultKey{j, t.Result}]; ok {
			g.results[k].sources = g.results[k].sources.Or(t.Sources)
			continue
		}
		byResult[resultKey{j, t.Result}] = len(g.results)
		g.results = append(g.results, fileResult{t.Sources, t.Result})
	}
	return groups
}

func (w *writer) filenameTransitions() {
	groups := w.order.filenames(groupFilenames(w.b.FilenameTransitions))
	w.length(len(groups))
	for i := range groups {
		g := &groups[i]
		w.name(g.key.name)
		w.u32(uint32(g.key.target), uint32(g.key.class))
		w.length(len(g.results))
		for _, x := range g.results {
			w.bitmap(x.sources.Bitmap)
			w.u32(uint32(x.result))
		}
	}
}

// singleFilenameTransitions writes one entry for each source.
func (w *writer) singleFilenameTransitions() {
	entry := func(key *fileKey, x *fileResult) {
		for source := range x.sources.All() {
			w.name(key.name)
			w.u32(uint32(source), uint32(key.target), uint32(key.class), uint32(x.result))
		}
	}
	n := 0
	for i := range w.b.FilenameTransitions {
		n += w.b.FilenameTransitions[i].Sources.Len()
	}
	w.length(n)
	if w.order.keep() {
		for i := range w.b.FilenameTransitions {
			t := &w.b.FilenameTransitions[i]
			entry(&fileKey{t.Name, t.Target, t.Class}, &fileResult{t.Sources, t.Result})
		}
		return
	}
	groups := w.order.filenames(groupFilenames(w.b.FilenameTransitions))
	for i := range groups {
		for j := range groups[i].results {
			entry(&groups[i].key, &groups[i].results[j])
		}
	}
}

func (w *writer) rangeTransitions() {
	list := w.b.RangeTransitions
	order := w.order.ranges(list)
	w.length(len(list))
	for i := range list {
		t := &list[i]
		if order != nil {
			t = &list[order[i]]
		}
		w.u32(uint32(t.Source), uint32(t.Target), uint32(t.Class))
		w.mlsRange(&t.Range)
	}
}

// typeAttributes writes a set for every identifier. Where the policy has none,
// a type is its only attribute.
func (w *writer) typeAttributes() {
	for i := range w.b.Sizes.Types {
		if int(i) < len(w.b.TypeAttributes) {
			w.bitmap(w.b.TypeAttributes[i].Bitmap)
			continue
		}
		var set ebitmap.Set[policy.TypeID]
		if id := policy.TypeID(i + 1); w.p.Type(id) != nil {
			set.Add(id)
		}
		w.bitmap(set.Bitmap)
	}
}
