package resolve

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"seward/format/cil/syntax"
	"seward/format/diag"
)

// classInfo is what a class, common or map class statement says; copies share it.
type classInfo struct {
	perms []syntax.Name
	index map[syntax.Name]int32 // of a permission in perms
}

// classOf returns the index in resolver.classes of a class statement.
func (r *resolver) classOf(i, n int32, st *syntax.Stmt) int32 {
	ref := stmtRef{r.insts[i].file, n}
	if id, ok := r.classInfo[ref]; ok {
		return id
	}
	args := r.files[ref.file].Args(st)
	info := classInfo{index: map[syntax.Name]int32{}}
	for k, w := range args[2:] {
		if _, ok := info.index[w.Name()]; ok {
			r.fail(r.errorAt(i, st, k+2, "permission %q is declared already in %s %q", r.names.Text(w.Name()), st.Keyword, r.names.Text(args[0].Name())))
			continue
		}
		info.index[w.Name()] = int32(len(info.perms))
		info.perms = append(info.perms, w.Name())
	}
	id := int32(len(r.classes))
	r.classes = append(r.classes, info)
	r.classInfo[ref] = id
	return id
}

// permList is a resolved list of permissions, to be found again by its words.
type permList struct {
	class int32
	words []syntax.Word
	id    ClassPermsID
}

// classPermKey identifies equal lists of class permissions.
type classPermKey struct {
	class ClassID
	perms uint32
	mapc  MapID
	list  string // of MapPerms
	set   PermSetID
}

// classPermsList resolves class permissions: the name of a classpermission or
// (CLASS (PERMISSION...)). It returns 0 after an error.
func (c *cursor) classPermsList(i int) ClassPermsID {
	r := c.r
	if !c.isList(i) {
		ref := c.ref(i, tClassPerms, "classpermission")
		if ref < 0 {
			a := &r.args[-ref]
			if a.id == 0 {
				sub := c.argCursor(a)
				a.id = int32(sub.classPermsList(a.word))
				c.ok = c.ok && sub.ok
			}
			return ClassPermsID(a.id)
		}
		id := c.id(i, ref)
		if id == 0 {
			return 0
		}
		return r.internPerms(classPermKey{set: PermSetID(id)}, nil)
	}
	class := c.sym(i+1, tClasses)
	if class == 0 {
		return 0
	}
	words := c.args[i+2 : c.next(i)]
	h := hashWords(class, words)
	if l, ok := r.permLists[h]; ok && l.class == class && slices.Equal(l.words, words) {
		return l.id
	}
	id := c.newPerms(i, class)
	if id != 0 {
		r.permLists[h] = permList{class, words, id}
	}
	return id
}

func hashWords(class int32, words []syntax.Word) uint64 {
	const prime = 0x9e3779b97f4a7c15
	h := uint64(class) * prime
	for _, w := range words {
		h = (h ^ uint64(w)) * prime
		h ^= h >> 29
	}
	return h
}

// newPerms resolves the permissions args[i+2] of a class.
func (c *cursor) newPerms(i int, class int32) ClassPermsID {
	r := c.r
	s := &r.syms[class]
	id := c.id(i+1, class)
	if id == 0 {
		return 0
	}
	if s.flavor == syntax.FlavorMapClass {
		list := c.mapPerms(i+2, class)
		if !c.ok {
			return 0
		}
		return r.internPerms(classPermKey{mapc: MapID(id), list: fmt.Sprint(list)}, list)
	}
	perms := c.permMask(i+2, class)
	if !c.ok {
		return 0
	}
	return r.internPerms(classPermKey{class: ClassID(id), perms: perms}, nil)
}

func (r *resolver) internPerms(k classPermKey, list []int32) ClassPermsID {
	id, ok := r.classPerms[k]
	if !ok {
		id = ClassPermsID(len(r.db.ClassPerms))
		r.db.ClassPerms = append(r.db.ClassPerms, ClassPerms{{Class: k.class, Perms: k.perms, Map: k.mapc, MapPerms: list, Set: k.set}})
		r.classPerms[k] = id
	}
	return id
}

// perm returns the index of the permission args[i] of a class, its common's
// permissions being first; -1 after an error.
func (c *cursor) perm(i int, class int32) int32 {
	r := c.r
	s := &r.syms[class]
	if k, ok := r.classes[s.info].index[c.name(i)]; ok {
		if com := r.commonOf(s); com != 0 {
			k += int32(len(r.db.Commons[com].Perms))
		}
		return k
	}
	if com := r.commonOf(s); com != 0 {
		for k, p := range r.db.Commons[com].Perms {
			if p == Name(c.name(i)) {
				return int32(k)
			}
		}
	}
	c.unknownPerm(i, s)
	return -1
}

func (r *resolver) commonOf(s *sym) CommonID {
	if s.flavor != syntax.FlavorClass {
		return 0
	}
	return r.db.Classes[s.id].Common
}

func (c *cursor) unknownPerm(i int, s *sym) {
	r := c.r
	perms := r.classes[s.info].perms
	com := r.commonOf(s)
	c.missing(func() *diag.Error {
		e := diag.Errorf(c.pos(i), "unknown permission %q of %s %q", c.text(i), s.flavor, r.names.Text(s.name))
		e.Code = "unknown"
		if len(r.errs) >= maxSuggest || r.insts[c.inst].opt != 0 {
			return r.db.Trace(e, r.insts[c.inst].via)
		}
		e.Suggest(c.text(i), func(yield func(string) bool) {
			for _, p := range perms {
				if !yield(r.names.Text(p)) {
					return
				}
			}
			for _, p := range r.db.Commons[com].Perms {
				if !yield(r.names.Text(syntax.Name(p))) {
					return
				}
			}
		})
		return r.db.Trace(e, r.insts[c.inst].via)
	})
}

// permMask evaluates the permission expression args[i] of a kernel class.
func (c *cursor) permMask(i int, class int32) uint32 {
	if !c.isList(i) {
		if k := c.perm(i, class); k >= 0 && k < 32 {
			return 1 << k
		}
		return 0
	}
	op := exprOp(c.args[i+1])
	j := i + 1
	if op != OpSet {
		j++
	}
	s := &c.r.syms[class]
	n := len(c.r.classes[s.info].perms)
	if com := c.r.commonOf(s); com != 0 {
		n += len(c.r.db.Commons[com].Perms)
	}
	all := uint32(1<<uint(n) - 1)
	var masks [2]uint32
	var union uint32
	for k := 0; j < c.next(i); k++ {
		m := c.permMask(j, class)
		if k < len(masks) {
			masks[k] = m
		}
		union |= m
		j = c.next(j)
	}
	switch op {
	case OpAll:
		return all
	case OpNot:
		return all &^ masks[0]
	case OpAnd:
		return masks[0] & masks[1]
	case OpXor:
		return masks[0] ^ masks[1]
	}
	return union
}

// mapPerms resolves the permissions args[i] of a map class to indexes, in the
// order in which libsepol expands them: a list of names stays as it is, what an
// expression yields comes in the order of a symbol table.
func (c *cursor) mapPerms(i int, class int32) []int32 {
	plain := exprOp(c.args[i+1]) == OpSet
	for j := i + 1; j < c.next(i); j++ {
		plain = plain && !c.isList(j)
	}
	var list []int32
	if plain {
		for j := i + 1; j < c.next(i); j++ {
			if k := c.perm(j, class); k >= 0 {
				list = append(list, k)
			}
		}
		return list
	}
	info := &c.r.classes[c.r.syms[class].info]
	set := c.mapPermSet(i, class, len(info.perms))
	for k := range info.perms {
		if set[k/64]>>(k%64)&1 != 0 {
			list = append(list, int32(k))
		}
	}
	size := uint32(256)
	for int(size) <= len(info.perms)-1 {
		size *= 2
	}
	slices.SortFunc(list, func(a, b int32) int {
		x, y := c.r.names.Text(info.perms[a]), c.r.names.Text(info.perms[b])
		return cmp.Or(cmp.Compare(symbolHash(x)&(size-1), symbolHash(y)&(size-1)), strings.Compare(x, y))
	})
	return list
}

// symbolHash is the hash function of libsepol's symbol tables (libsepol symtab.c,
// symhash).
func symbolHash(s string) uint32 {
	var v uint32
	for i := range len(s) {
		// Bytes are signed there; names have no others than ASCII.
		v = (v<<4 | v>>28) ^ uint32(s[i])
	}
	return v
}

// mapPermSet evaluates an expression over the n permissions of a map class.
func (c *cursor) mapPermSet(i int, class int32, n int) []uint64 {
	set := make([]uint64, (n+63)/64)
	if !c.isList(i) {
		if k := c.perm(i, class); k >= 0 {
			set[k/64] |= 1 << (k % 64)
		}
		return set
	}
	op := exprOp(c.args[i+1])
	j := i + 1
	if op != OpSet {
		j++
	}
	for k := 0; j < c.next(i); k++ {
		sub := c.mapPermSet(j, class, n)
		for w := range set {
			switch {
			case k > 0 && op == OpAnd:
				set[w] &= sub[w]
			case k > 0 && op == OpXor:
				set[w] ^= sub[w]
			default:
				set[w] |= sub[w]
			}
		}
		j = c.next(j)
	}
	for w := range set {
		if op == OpAll || op == OpNot {
			set[w] = ^set[w]
		}
	}
	return set
}
