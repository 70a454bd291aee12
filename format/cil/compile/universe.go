package compile

import "seward/format/cil/resolve"

// universe is what sets of one kind of symbol are made of: members with numbers
// from 0 and attributes, which are sets of members. Attributes are evaluated on
// first use; the front end has made sure that none contains itself.
type universe struct {
	db   *resolve.DB
	size int
	// member is by symbol its number, -1 for an attribute.
	member []int32
	// symbol is by number the symbol.
	symbol []int32
	// sets are by symbol the members of attributes that have been evaluated.
	sets []bitset
	// The expressions of attribute a are exprs[start[a]:start[a+1]].
	exprs []resolve.ExprID
	start []int32
	// catSets serves sets of categories, which have identifiers of their own.
	catSets []bitset
	// backwards is set when an expression had a range that runs backwards.
	backwards bool
}

// newUniverse numbers the symbols 1 to n in their order.
func newUniverse(db *resolve.DB, n int, attribute func(int) bool, statements []resolve.AttributeSet) *universe {
	u := &universe{db: db, member: make([]int32, n), sets: make([]bitset, n), start: make([]int32, n+1)}
	for i := range n {
		u.member[i] = -1
		if i > 0 && !attribute(i) {
			u.member[i] = int32(u.size)
			u.symbol = append(u.symbol, int32(i))
			u.size++
		}
	}
	for i := range statements {
		u.start[statements[i].Attr]++
	}
	sum := int32(0)
	for i, count := range u.start {
		u.start[i] = sum
		sum += count
	}
	u.exprs = make([]resolve.ExprID, len(statements))
	for i := range statements {
		at := &u.start[statements[i].Attr]
		u.exprs[*at] = statements[i].Expr
		*at++
	}
	copy(u.start[1:], u.start)
	u.start[0] = 0
	return u
}

// set returns the members of a symbol. The caller must not change it.
func (u *universe) set(symbol int32) bitset {
	if s := u.sets[symbol]; s != nil {
		return s
	}
	s := newBitset(u.size)
	if m := u.member[symbol]; m >= 0 {
		s.add(m)
	} else {
		for _, e := range u.exprs[u.start[symbol]:u.start[symbol+1]] {
			u.addTo(s, e)
		}
	}
	u.sets[symbol] = s
	return s
}

// eval returns the value of an expression.
func (u *universe) eval(e resolve.ExprID) bitset {
	s := newBitset(u.size)
	if e != 0 {
		u.addTo(s, e)
	}
	return s
}

// addTo adds the value of the expression at e to s and returns where the next
// one starts. Lists, which most expressions are, add their operands directly.
func (u *universe) addTo(s bitset, e resolve.ExprID) resolve.ExprID {
	x := u.db.Exprs[e]
	e++
	switch x.Op {
	case resolve.OpSet:
		for range x.Arg {
			e = u.addTo(s, e)
		}
	case resolve.OpSymbol:
		if m := u.member[x.Arg]; m >= 0 {
			s.add(m)
		} else {
			s.or(u.set(x.Arg))
		}
	case resolve.OpNumber:
		s.add(x.Arg)
	case resolve.OpCatSet:
		s.or(u.catSet(x.Arg))
	case resolve.OpAll:
		all := newBitset(u.size)
		all.complement(u.size)
		s.or(all)
	case resolve.OpRange:
		low, high := u.number(u.db.Exprs[e]), u.number(u.db.Exprs[e+1])
		e += 2
		if low > high {
			u.backwards = true
		}
		s.addRange(low, high)
	case resolve.OpNot:
		a := newBitset(u.size)
		e = u.addTo(a, e)
		a.complement(u.size)
		s.or(a)
	default:
		a, b := newBitset(u.size), newBitset(u.size)
		e = u.addTo(a, e)
		e = u.addTo(b, e)
		switch x.Op {
		case resolve.OpAnd:
			a.and(b)
		case resolve.OpXor:
			a.xor(b)
		default:
			a.or(b)
		}
		s.or(a)
	}
	return e
}

// number returns the number of an end of a range.
func (u *universe) number(x resolve.Expr) int32 {
	if x.Op == resolve.OpSymbol {
		return u.member[x.Arg]
	}
	return x.Arg
}

func (u *universe) catSet(id int32) bitset {
	if u.catSets[id] == nil {
		u.catSets[id] = u.eval(u.db.CatSets[id].Expr)
	}
	return u.catSets[id]
}
