package audit

import (
	"encoding/hex"
	"strconv"
	"strings"
	"time"
)

// Encoding is how a field's value stands in a record.
type Encoding uint8

// Encodings of fields.
const (
	// Plain values stand as they are: numbers, contexts, names of permissions.
	Plain Encoding = iota
	// Untrusted values came from outside of the kernel: they are quoted, or
	// upper-case hexadecimal when they hold a blank, a quote, a control character
	// or anything beyond ASCII.
	Untrusted
)

// Field is one key=value of a record.
type Field struct {
	Key      string
	Value    string // decoded
	Encoding Encoding
}

// Record is what the kernel logs about one query: type AVC.
type Record struct {
	Time   time.Time // to the millisecond
	Serial uint64
	// Granted records an access that auditallow names, else it was denied.
	Granted bool
	Perms   []string
	// Fields stand between the permissions and the contexts: pid and comm, then
	// what describes the object.
	Fields         []Field
	Source, Target string
	Class          string
	// Permissive: denied, and done all the same. Not part of granted records.
	Permissive bool
	// SourceRaw and TargetRaw are the texts of labels that the policy doesn't
	// know.
	SourceRaw, TargetRaw string
}

// Field returns the value of the first field with the key.
func (r *Record) Field(key string) (value string, ok bool) {
	for _, f := range r.Fields {
		if f.Key == key {
			return f.Value, true
		}
	}
	return "", false
}

// Constructors of the fields that describe tasks and objects, in the order in
// which the kernel writes them.

// Number returns a field with a decimal number.
func Number(key string, n int64) Field { return Field{Key: key, Value: strconv.FormatInt(n, 10)} }

// Text returns a field with text from outside.
func Text(key, value string) Field { return Field{Key: key, Value: value, Encoding: Untrusted} }

// Task returns the fields of the acting task.
func Task(pid int, comm string) []Field {
	return []Field{Number("pid", int64(pid)), Text("comm", comm)}
}

// Path returns the fields of an object known by its path. An inode number of 0
// is unknown.
func Path(path, device string, inode uint64) []Field { return object("path", path, device, inode) }

// Name returns the fields of an object known by its last component, or by
// nothing at all when name is empty.
func Name(name, device string, inode uint64) []Field { return object("name", name, device, inode) }

func object(key, value, device string, inode uint64) []Field {
	var out []Field
	if value != "" {
		out = append(out, Text(key, value))
	}
	if device != "" {
		out = append(out, Text("dev", device))
	}
	if inode != 0 {
		out = append(out, Field{Key: "ino", Value: strconv.FormatUint(inode, 10)})
	}
	return out
}

// Endpoint returns the fields of an Internet address. An empty address and a port
// of 0 are left out.
func Endpoint(addressKey, address, portKey string, port uint16) []Field {
	var out []Field
	if address != "" {
		out = append(out, Field{Key: addressKey, Value: address})
	}
	if port != 0 {
		out = append(out, Number(portKey, int64(port)))
	}
	return out
}

// Hex returns a field with a number in hexadecimal: ioctlcmd.
func Hex(key string, n uint16) Field {
	return Field{Key: key, Value: "0x" + strconv.FormatUint(uint64(n), 16)}
}

// IsPlain reports whether an untrusted value may be quoted.
func IsPlain(value string) bool {
	for i := range len(value) {
		if c := value[i]; c < 0x21 || c > 0x7e || c == '"' {
			return false
		}
	}
	return true
}

// padded are the keys whose values the kernel writes a blank behind, so that two
// stand before what follows (security/lsm_audit.c).
var padded = map[string]bool{"capability": true, "ipc_key": true, "key": true}

func appendField(buf []byte, f Field) []byte {
	buf = append(buf, ' ')
	buf = append(buf, f.Key...)
	buf = append(buf, '=')
	switch {
	case padded[f.Key]:
		return append(append(buf, f.Value...), ' ')
	case f.Encoding == Plain:
		return append(buf, f.Value...)
	case IsPlain(f.Value):
		buf = append(buf, '"')
		buf = append(buf, f.Value...)
		return append(buf, '"')
	}
	return append(buf, strings.ToUpper(hex.EncodeToString([]byte(f.Value)))...)
}

// Append appends the record's text from "avc:" on.
func (r *Record) Append(buf []byte) []byte {
	buf = append(buf, "avc:  "...)
	if r.Granted {
		buf = append(buf, "granted "...)
	} else {
		buf = append(buf, "denied "...)
	}
	if len(r.Perms) == 0 {
		buf = append(buf, " null"...)
	} else {
		buf = append(buf, " {"...)
		for _, p := range r.Perms {
			buf = append(buf, ' ')
			buf = append(buf, p...)
		}
		buf = append(buf, " }"...)
	}
	buf = append(buf, " for "...)
	for _, f := range r.Fields {
		buf = appendField(buf, f)
	}
	buf = appendField(buf, Field{Key: "scontext", Value: r.Source})
	buf = appendField(buf, Field{Key: "tcontext", Value: r.Target})
	buf = appendField(buf, Field{Key: "tclass", Value: r.Class})
	if !r.Granted {
		permissive := "0"
		if r.Permissive {
			permissive = "1"
		}
		buf = appendField(buf, Field{Key: "permissive", Value: permissive})
	}
	if r.SourceRaw != "" {
		buf = appendField(buf, Text("srawcon", r.SourceRaw))
	}
	if r.TargetRaw != "" {
		buf = appendField(buf, Text("trawcon", r.TargetRaw))
	}
	return buf
}

// String returns the record's text from "avc:" on.
func (r *Record) String() string { return string(r.Append(nil)) }

// appendStamp appends the head of a line of audit.log:
// `type=AVC msg=audit(1700000000.123:45): `.
func appendStamp(buf []byte, kind string, at time.Time, serial uint64) []byte {
	buf = append(buf, "type="...)
	buf = append(buf, kind...)
	buf = append(buf, " msg=audit("...)
	buf = strconv.AppendInt(buf, at.Unix(), 10)
	ms := at.Nanosecond() / int(time.Millisecond)
	buf = append(buf, '.', byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10), ':')
	buf = strconv.AppendUint(buf, serial, 10)
	return append(buf, "): "...)
}

// Line returns the record as a line of audit.log, without its end.
func (r *Record) Line() string {
	return string(r.Append(appendStamp(nil, "AVC", r.Time, r.Serial)))
}
