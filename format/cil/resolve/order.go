package resolve

import (
	"slices"

	"seward/format/cil/syntax"
	"seward/format/diag"
)

// orders collects order statements.
type orders struct {
	lists     [4][]orderList // by orderKind
	unordered []orderList    // of classes
}

type orderKind int

const (
	orderSIDs orderKind = iota
	orderClasses
	orderCats
	orderSens
)

var orderFlavors = [4]syntax.Flavor{syntax.FlavorSID, syntax.FlavorClass, syntax.FlavorCat, syntax.FlavorSens}

type orderList struct {
	at     stmtAt
	ids    []int32
	merged bool
}

// readOrder resolves an order statement.
func (r *resolver) readOrder(c *cursor) {
	kind := orderSens
	switch c.st.Keyword {
	case syntax.KwSidorder:
		kind = orderSIDs
	case syntax.KwClassorder:
		kind = orderClasses
	case syntax.KwCategoryorder:
		kind = orderCats
	}
	l := orderList{at: stmtAt{c.inst, c.st}}
	unordered := false
	for i := 1; i < len(c.args); i++ {
		if c.name(i) == syntax.KwUnordered.Name() {
			unordered = true
			continue
		}
		id := int32(0)
		if kind == orderClasses {
			id = c.orderedClass(i)
		} else {
			id = c.flavored(i, orderFlavors[kind])
		}
		if id == 0 {
			return
		}
		l.ids = append(l.ids, id)
	}
	if unordered {
		r.orders.unordered = append(r.orders.unordered, l)
	} else {
		r.orders.lists[kind] = append(r.orders.lists[kind], l)
	}
}

// orderedClass is flavored for a class in a classorder, where an unknown name is an
// error even in an optional.
func (c *cursor) orderedClass(i int) int32 {
	if _, how := c.r.lookup(c.inst, tClasses, c.name(i), false); how == missing {
		c.errorf(i, "unknown class %q in classorder", c.text(i))
		return 0
	}
	return c.flavored(i, syntax.FlavorClass)
}

// mergeOrders makes one order of all statements of a kind.
func (r *resolver) mergeOrders() {
	var merged [4][]int32
	for kind := range merged {
		merged[kind] = r.mergeLists(orderKind(kind))
	}
	classes := merged[orderClasses]
	in := map[int32]bool{}
	for _, id := range classes {
		in[id] = true
	}
	for _, l := range r.orders.unordered {
		for _, id := range l.ids {
			if !in[id] {
				in[id] = true
				classes = append(classes, id)
			}
		}
	}
	merged[orderClasses] = classes
	for _, id := range merged[orderSIDs] {
		r.db.SIDOrder = append(r.db.SIDOrder, SIDID(id))
	}
	for _, id := range classes {
		r.db.ClassOrder = append(r.db.ClassOrder, ClassID(id))
	}
	for _, id := range merged[orderCats] {
		r.db.CatOrder = append(r.db.CatOrder, CatID(id))
	}
	for _, id := range merged[orderSens] {
		r.db.SensOrder = append(r.db.SensOrder, SensID(id))
	}
	if len(r.errs) == 0 {
		r.checkOrdered(merged)
	}
}

// mergeLists merges the lists of one kind. A list can be merged when its first
// name is known already, or when it is the first list; lists that can't wait for
// others.
func (r *resolver) mergeLists(kind orderKind) []int32 {
	lists := r.orders.lists[kind]
	m := newMerge(r.orderSize(kind))
	for waiting := len(lists); waiting > 0; {
		changed := false
		waiting = 0
		for i := range lists {
			l := &lists[i]
			if l.merged {
				continue
			}
			if m.add(l.ids) {
				l.merged, changed = true, true
			} else {
				waiting++
			}
		}
		if changed {
			continue
		}
		for i := range lists {
			if l := &lists[i]; !l.merged {
				r.fail(r.errorAt(l.at.inst, l.at.st, -1, "%s does not fit to the other orders of its kind", l.at.st.Keyword))
			}
		}
		return m.order()
	}
	if !r.stop() {
		r.checkMerged(kind, m.order())
	}
	return m.order()
}

// merge is an order that lists are merged into: a linked list, next[0] being the
// first.
type merge struct {
	next  []int32 // by identifier; -1: not in the order
	steps int     // that may still be made
}

func newMerge(size int) *merge {
	const steps = 1 << 28
	m := &merge{next: make([]int32, size), steps: steps}
	for i := 1; i < size; i++ {
		m.next[i] = -1
	}
	return m
}

// order returns the merged order.
func (m *merge) order() []int32 {
	var ids []int32
	for id := m.next[0]; id != 0; id = m.next[id] {
		ids = append(ids, id)
	}
	return ids
}

// find returns the entry before id, from the one behind prev on; -1 if id isn't
// there.
func (m *merge) find(prev, id int32) int32 {
	if m.next[id] < 0 {
		return -1
	}
	for ; m.next[prev] != 0 && m.steps > 0; prev = m.next[prev] {
		if m.next[prev] == id {
			return prev
		}
		m.steps--
	}
	return -1
}

// add merges a list. It returns false when the list, or what is left of it, hangs on
// nothing or names what stands elsewhere already; what was put in stays.
func (m *merge) add(list []int32) bool {
	if m.next[0] == 0 {
		return m.insert(0, list)
	}
	// From its first name that the order has on, the list follows the order: names
	// before a common one go before it, names after the last of all behind it.
	prev, rest := int32(0), list
	for len(rest) > 0 && m.next[prev] != 0 {
		k, before := 0, int32(-1)
		for ; k < len(rest); k++ {
			if before = m.find(prev, rest[k]); before >= 0 {
				break
			}
		}
		if before < 0 || !m.insert(before, rest[:k]) {
			return false
		}
		prev, rest = rest[k], rest[k+1:]
	}
	return m.insert(prev, rest)
}

// insert puts names in behind prev. It returns false at one that stands somewhere
// already.
func (m *merge) insert(prev int32, ids []int32) bool {
	for _, id := range ids {
		if m.next[id] >= 0 {
			return false
		}
		m.next[id], m.next[prev] = m.next[prev], id
		prev = id
	}
	return true
}

// checkMerged reports names whose place no statement gives: every pair of
// neighbours must stand so in some statement.
func (r *resolver) checkMerged(kind orderKind, order []int32) {
	type pair struct{ a, b int32 }
	pairs := map[pair]bool{}
	for _, l := range r.orders.lists[kind] {
		prev := int32(0)
		for _, id := range l.ids {
			pairs[pair{prev, id}] = true
			prev = id
		}
		pairs[pair{prev, 0}] = true
	}
	for i, id := range order {
		prev, next := int32(0), int32(0)
		if i > 0 {
			prev = order[i-1]
		}
		if i+1 < len(order) {
			next = order[i+1]
		}
		if pairs[pair{prev, id}] && pairs[pair{id, next}] {
			continue
		}
		e := r.orderError(kind, id, "the order of %s %q is not certain")
		for _, l := range r.orders.lists[kind] {
			if slices.Contains(l.ids, id) {
				e.Note(r.pos(l.at.inst, l.at.st.Offset), "it is ordered here")
			}
		}
		r.fail(e)
	}
}

// checkOrdered reports what is declared but not ordered, in macros and abstract
// blocks too.
func (r *resolver) checkOrdered(merged [4][]int32) {
	for kind, flavor := range orderFlavors {
		in := map[int32]bool{}
		for _, id := range merged[kind] {
			in[id] = true
		}
		for k := 1; k < len(r.syms); k++ {
			s := &r.syms[k]
			if s.flavor != flavor || r.get(s.scope, tables[flavor], s.name) != int32(k) || s.id != 0 && in[s.id] {
				continue
			}
			if s.id == 0 && r.unreachable(s.head.inst) {
				continue
			}
			st := r.stmt(s.head.inst, s.head.stmt)
			r.fail(r.errorAt(s.head.inst, st, 0, "%s %q is in no %s statement", flavor, r.names.Text(s.name), orderKeyword(orderKind(kind))))
		}
	}
}

// unreachable reports whether an instance is in content that is gone.
func (r *resolver) unreachable(i int32) bool {
	for ; i != 0; i = r.insts[i].parent {
		if r.insts[i].dead {
			return true
		}
	}
	return false
}

// orderSize returns the number of identifiers of a kind, 0 included.
func (r *resolver) orderSize(kind orderKind) int {
	switch kind {
	case orderSIDs:
		return len(r.db.SIDs)
	case orderClasses:
		return len(r.db.Classes)
	case orderCats:
		return len(r.db.Cats)
	}
	return len(r.db.Sens)
}

// orderError makes an error about a declaration.
func (r *resolver) orderError(kind orderKind, id int32, format string) *diag.Error {
	var name Name
	var src Source
	switch kind {
	case orderSIDs:
		name, src = r.db.SIDs[id].Name, r.db.SIDs[id].Source
	case orderClasses:
		name, src = r.db.Classes[id].Name, r.db.Classes[id].Source
	case orderCats:
		name, src = r.db.Cats[id].Name, r.db.Cats[id].Source
	default:
		name, src = r.db.Sens[id].Name, r.db.Sens[id].Source
	}
	return r.db.Errorf(src, format, orderFlavors[kind], r.names.Text(syntax.Name(name)))
}

func orderKeyword(kind orderKind) syntax.Keyword {
	return [4]syntax.Keyword{syntax.KwSidorder, syntax.KwClassorder, syntax.KwCategoryorder, syntax.KwSensitivityorder}[kind]
}
