package syntax

// Name is an interned string. Names below keywordCount are keywords.
type Name int32

// Names is a table of interned strings.
type Names struct {
	text  []string
	slots []slot // a power of two of them, open addressing
}

type slot struct {
	hash uint32
	name Name // 0: free; name 0, the empty string, is never in a slot
}

// NewNames returns a table that holds the empty string as Name 0 and the keywords.
func NewNames() *Names {
	t := &Names{text: make([]string, 1, 1024), slots: make([]slot, 2048)}
	for _, k := range keywords[1:] {
		t.Intern(k)
	}
	return t
}

// Len returns the number of names.
func (t *Names) Len() int { return len(t.text) }

// Text returns a name's string.
func (t *Names) Text(n Name) string { return t.text[n] }

// All returns the strings of all names, by Name. The caller must not change them.
func (t *Names) All() []string { return t.text }

// Lookup returns the name of a string if the table has it.
func (t *Names) Lookup(s string) (Name, bool) {
	if s == "" {
		return 0, true
	}
	h := hashString(s)
	for i := h; ; i++ {
		sl := &t.slots[i&uint32(len(t.slots)-1)]
		if sl.name == 0 {
			return 0, false
		}
		if sl.hash == h && t.text[sl.name] == s {
			return sl.name, true
		}
	}
}

// Intern returns the name of a string, adding it if need be.
func (t *Names) Intern(s string) Name {
	if s == "" {
		return 0
	}
	h := hashString(s)
	for i := h; ; i++ {
		sl := &t.slots[i&uint32(len(t.slots)-1)]
		if sl.name == 0 {
			return t.add(sl, h, s)
		}
		if sl.hash == h && t.text[sl.name] == s {
			return sl.name
		}
	}
}

// internBytes is Intern for a slice whose hash is known. It copies b only when
// the name is new.
func (t *Names) internBytes(b []byte, h uint32) Name {
	if len(b) == 0 {
		return 0
	}
	for i := h; ; i++ {
		sl := &t.slots[i&uint32(len(t.slots)-1)]
		if sl.name == 0 {
			return t.add(sl, h, string(b))
		}
		if sl.hash == h && t.text[sl.name] == string(b) {
			return sl.name
		}
	}
}

func (t *Names) add(free *slot, h uint32, s string) Name {
	n := Name(len(t.text))
	t.text = append(t.text, s)
	*free = slot{hash: h, name: n}
	if len(t.text)*2 > len(t.slots) {
		t.grow()
	}
	return n
}

func (t *Names) grow() {
	old := t.slots
	t.slots = make([]slot, 2*len(old))
	mask := uint32(len(t.slots) - 1)
	for _, sl := range old {
		if sl.name == 0 {
			continue
		}
		i := sl.hash & mask
		for t.slots[i].name != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = sl
	}
}

// The hash is FNV-1a, which the lexer computes byte by byte as it reads an atom.
const (
	hashStart = 2166136261
	hashPrime = 16777619
)

func hashString(s string) uint32 {
	h := uint32(hashStart)
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * hashPrime
	}
	return h
}
