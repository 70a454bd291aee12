package security

import (
	"fmt"
	"strings"

	"seward/policy"
	"seward/policy/secctx"
)

// The texts here are those that the kernel logs as AUDIT_SELINUX_ERR.

func (v *Snapshot) maskedRecord(s, t *context, class policy.ClassID, masked policy.AccessVector) string {
	var b strings.Builder
	c := v.Policy().Class(class)
	// The contexts may be those of bounds, which have no SID and no text.
	fmt.Fprintf(&b, "op=security_compute_av reason=bounds scontext=%s tcontext=%s tclass=%s perms=",
		secctx.Format(v.Policy(), s.value()), secctx.Format(v.Policy(), t.value()), c.Name)
	names := make(map[uint32]string)
	for _, p := range v.Policy().Permissions(c) {
		names[p.Number] = p.Name
	}
	sep := ""
	for n := uint32(1); n <= 32; n++ {
		if masked&policy.Permission(n) == 0 {
			continue
		}
		name := names[n]
		if name == "" {
			name = "????"
		}
		b.WriteString(sep)
		b.WriteString(name)
		sep = ","
	}
	return b.String()
}

// className is empty for a class that doesn't exist.
func (v *Snapshot) className(class policy.ClassID) string {
	if c := v.Policy().Class(class); c != nil {
		return c.Name
	}
	return ""
}

func (v *Snapshot) invalidRecord(s, t *context, class policy.ClassID, text string) string {
	return fmt.Sprintf("op=security_compute_sid invalid_context=%s scontext=%s tcontext=%s tclass=%s",
		untrusted(text), s.text, t.text, v.className(class))
}

func (v *Snapshot) transitionRecord(o, n, t *context, class policy.ClassID) string {
	return fmt.Sprintf("op=security_validate_transition seresult=denied oldcontext=%s newcontext=%s taskcontext=%s tclass=%s",
		o.text, n.text, t.text, v.className(class))
}

func (v *Snapshot) boundedRecord(o, n *context) string {
	return fmt.Sprintf("op=security_bounded_transition seresult=denied oldcontext=%s newcontext=%s", o.text, n.text)
}

// untrusted writes text as the audit system does: in quotes, or in hexadecimal
// if it has a quote, a blank or what isn't printable.
func untrusted(text string) string {
	for i := range len(text) {
		if c := text[i]; c == '"' || c < 0x21 || c > 0x7e {
			return fmt.Sprintf("%X", text)
		}
	}
	return `"` + text + `"`
}
