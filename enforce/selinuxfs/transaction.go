package selinuxfs

import (
	"errors"
	"strconv"
	"strings"
	"syscall"

	"seward/policy"
	"seward/security"
)

// Server is the part of a security server that the query files need;
// *security.Server is one.
type Server interface {
	Policy() *policy.Policy
	SID(context string) (policy.SID, error)
	Context(sid policy.SID) (string, error)
	ComputeAV(source, target policy.SID, class policy.ClassID) security.Decision
	Create(source, target policy.SID, class policy.ClassID, name string) (policy.SID, error)
	Member(source, target policy.SID, class policy.ClassID) (policy.SID, error)
	Change(source, target policy.SID, class policy.ClassID) (policy.SID, error)
	ValidateTransition(old, new policy.SID, class policy.ClassID, task policy.SID) error
}

// maxTransaction bounds what a query file takes and gives: a page without the
// kernel's own header (kernel fs/libfs.c, SIMPLE_TRANSACTION_LIMIT on 64 bits).
const maxTransaction = 4096 - 8

// ErrnoOf returns the errno that an error of the security server carries, EINVAL
// if none.
func ErrnoOf(err error) syscall.Errno {
	if err == nil {
		return 0
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return syscall.EINVAL
}

// Access answers the file access: "SCON TCON CLASS" gives the vectors allowed,
// decided, auditallow and auditdeny in hexadecimal, the sequence number in
// decimal and the flags in hexadecimal. In this and the other functions CLASS is
// a number of the policy, as in the kernel's file, or a name.
func Access(server Server, text string) (string, syscall.Errno) {
	q, errno := parseQuery(server, text, 3, 3)
	if errno != 0 {
		return "", errno
	}
	d := server.ComputeAV(q.source, q.target, q.class)
	return formatDecision(d), 0
}

// formatDecision writes a decision as the kernel does; every permission counts
// as decided.
func formatDecision(d security.Decision) string {
	buf := make([]byte, 0, 64)
	buf = strconv.AppendUint(buf, uint64(d.Allowed), 16)
	buf = append(buf, " ffffffff "...)
	buf = strconv.AppendUint(buf, uint64(d.AuditAllow), 16)
	buf = append(buf, ' ')
	buf = strconv.AppendUint(buf, uint64(d.AuditDeny), 16)
	buf = append(buf, ' ')
	buf = strconv.AppendUint(buf, uint64(d.Seqno), 10)
	buf = append(buf, ' ')
	buf = strconv.AppendUint(buf, uint64(d.Flags), 16)
	return string(buf)
}

// Create answers the file create: "SCON TCON CLASS [NAME]" gives the context of
// a new object. NAME is percent-encoded, + for a blank.
func Create(server Server, text string) (string, syscall.Errno) {
	q, errno := parseQuery(server, text, 3, 4)
	if errno != 0 {
		return "", errno
	}
	return contextOf(server)(server.Create(q.source, q.target, q.class, q.last))
}

// Member answers the file member: "SCON TCON CLASS" gives the context of a
// member of a polyinstantiated object.
func Member(server Server, text string) (string, syscall.Errno) {
	q, errno := parseQuery(server, text, 3, 3)
	if errno != 0 {
		return "", errno
	}
	return contextOf(server)(server.Member(q.source, q.target, q.class))
}

// Relabel answers the file relabel: "SCON TCON CLASS" gives the context that a
// program that logs someone in gives to an object, a terminal above all.
func Relabel(server Server, text string) (string, syscall.Errno) {
	q, errno := parseQuery(server, text, 3, 3)
	if errno != 0 {
		return "", errno
	}
	return contextOf(server)(server.Change(q.source, q.target, q.class))
}

// Context answers the file context: a context gives itself in its canonical
// form, EINVAL if the policy doesn't know it.
func Context(server Server, text string) (string, syscall.Errno) {
	return contextOf(server)(server.SID(cString(text)))
}

// ValidateTransition answers the file validatetrans: "OLD NEW CLASS TASK"
// succeeds if no constraint forbids the task to relabel an object from OLD to
// NEW, else EPERM.
func ValidateTransition(server Server, text string) syscall.Errno {
	q, errno := parseValidate(server, text)
	if errno != 0 {
		return errno
	}
	return ErrnoOf(server.ValidateTransition(q.source, q.target, q.class, q.task))
}

// contextOf turns the result of a computation into an answer.
func contextOf(server Server) func(policy.SID, error) (string, syscall.Errno) {
	return func(sid policy.SID, err error) (string, syscall.Errno) {
		if err != nil {
			return "", ErrnoOf(err)
		}
		text, err := server.Context(sid)
		if err != nil {
			return "", ErrnoOf(err)
		}
		// The kernel counts the final NUL.
		if len(text)+1 > maxTransaction {
			return "", syscall.ERANGE
		}
		return text, 0
	}
}

// query is a parsed question.
type query struct {
	source, target, task policy.SID
	class                policy.ClassID
	last                 string // decoded name
}

func parseQuery(server Server, text string, least, most int) (query, syscall.Errno) {
	fields := scanFields(cString(text), most)
	if len(fields) < least {
		return query{}, syscall.EINVAL
	}
	class, ok := parseClass(server.Policy(), fields[2])
	if !ok {
		return query{}, syscall.EINVAL
	}
	q := query{class: class.id}
	// What follows a class number without a blank is the next field, as for
	// sscanf; a query without a name ignores it.
	if most == 4 {
		rest := class.rest
		if rest == "" && len(fields) == 4 {
			rest = fields[3]
		}
		if q.last, ok = decodeName(rest); !ok {
			return query{}, syscall.EINVAL
		}
	}
	return q, q.labels(server, fields[0], fields[1])
}

func parseValidate(server Server, text string) (query, syscall.Errno) {
	fields := scanFields(cString(text), 4)
	if len(fields) < 3 {
		return query{}, syscall.EINVAL
	}
	class, ok := parseClass(server.Policy(), fields[2])
	if !ok {
		return query{}, syscall.EINVAL
	}
	task := class.rest
	switch {
	case task != "":
	case len(fields) == 4:
		task = fields[3]
	default:
		return query{}, syscall.EINVAL
	}
	q := query{class: class.id}
	if errno := q.labels(server, fields[0], fields[1]); errno != 0 {
		return query{}, errno
	}
	var err error
	if q.task, err = server.SID(task); err != nil {
		return query{}, ErrnoOf(err)
	}
	// Here alone the kernel refuses a class that the policy doesn't have.
	if server.Policy().Class(q.class) == nil {
		return query{}, syscall.EINVAL
	}
	return q, 0
}

// labels resolves the two contexts of a query.
func (q *query) labels(server Server, source, target string) syscall.Errno {
	var err error
	if q.source, err = server.SID(source); err != nil {
		return ErrnoOf(err)
	}
	if q.target, err = server.SID(target); err != nil {
		return ErrnoOf(err)
	}
	return 0
}

// cString cuts a text at its first NUL, as whoever passes it to the kernel's
// string functions does.
func cString(text string) string {
	if i := strings.IndexByte(text, 0); i >= 0 {
		return text[:i]
	}
	return text
}

// isSpace is the kernel's isspace, which counts the Latin-1 no-break space.
func isSpace(c byte) bool {
	return c == ' ' || c >= '\t' && c <= '\r' || c == 0xa0
}

// scanFields splits text at blanks into at most n fields and drops the rest.
func scanFields(text string, n int) []string {
	var fields []string
	for i := 0; len(fields) < n; {
		for i < len(text) && isSpace(text[i]) {
			i++
		}
		start := i
		for i < len(text) && !isSpace(text[i]) {
			i++
		}
		if i == start {
			break
		}
		fields = append(fields, text[start:i])
	}
	return fields
}

// classField is a class in a query and what stands behind it without a blank.
type classField struct {
	id   policy.ClassID
	rest string
}

// parseClass reads a class by name or number. A number is what sscanf's %hu
// takes: digits, of which the low 16 bits count.
func parseClass(p *policy.Policy, field string) (classField, bool) {
	digits := 0
	var value uint16
	for digits < len(field) && field[digits] >= '0' && field[digits] <= '9' {
		value = value*10 + uint16(field[digits]-'0')
		digits++
	}
	if digits > 0 {
		return classField{id: policy.ClassID(value), rest: field[digits:]}, true
	}
	if class := p.ClassByName(field); class != nil {
		return classField{id: class.ID}, true
	}
	return classField{}, false
}

// decodeName undoes the encoding of a name in a query. Two hexadecimal digits
// must follow each percent sign; a NUL among the decoded bytes ends the name.
func decodeName(encoded string) (string, bool) {
	if !strings.ContainsAny(encoded, "+%") {
		return encoded, true
	}
	name := make([]byte, 0, len(encoded))
	for i := 0; i < len(encoded); i++ {
		c := encoded[i]
		switch c {
		case '+':
			c = ' '
		case '%':
			if i+2 >= len(encoded) {
				return "", false
			}
			high, low := hexDigit(encoded[i+1]), hexDigit(encoded[i+2])
			if high < 0 || low < 0 {
				return "", false
			}
			c = byte(high<<4 | low)
			i += 2
		}
		if c == 0 {
			return string(name), true
		}
		name = append(name, c)
	}
	return string(name), true
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// parseInt reads the number that a file such as enforce is written: what
// sscanf's %d takes, so that what follows the digits is ignored.
func parseInt(text string) (int, bool) {
	text = cString(text)
	i := 0
	for i < len(text) && isSpace(text[i]) {
		i++
	}
	negative := i < len(text) && text[i] == '-'
	if negative {
		i++
	}
	start, value := i, 0
	for i < len(text) && text[i] >= '0' && text[i] <= '9' {
		// Only whether it is zero matters to any of the files.
		value = min(value*10+int(text[i]-'0'), 1<<30)
		i++
	}
	if negative {
		value = -value
	}
	return value, i > start
}
