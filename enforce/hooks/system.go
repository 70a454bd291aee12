package hooks

import "seward/policy"

// system is a query about the system as a whole.
func system(asker Asker, s *Subject, perms Perms) Verdict {
	a := ask{asker: asker}
	a.check(Query{
		Source: s.SID, Target: asker.Initial(SIDKernel), Class: ClassSystem, Perms: perms,
	}, Object{})
	return a.verdict
}

// Actions of syslog(2).
const (
	syslogReadAll      = 3
	syslogConsoleOff   = 6
	syslogConsoleOn    = 7
	syslogConsoleLevel = 8
	syslogSizeBuffer   = 10
)

// Syslog is asked by syslog(2). Opening /dev/kmsg counts as reading all (3).
func Syslog(asker Asker, s *Subject, action int) Verdict {
	switch action {
	case syslogReadAll, syslogSizeBuffer:
		return system(asker, s, SystemSyslogRead)
	case syslogConsoleOff, syslogConsoleOn, syslogConsoleLevel:
		return system(asker, s, SystemSyslogConsole)
	}
	return system(asker, s, SystemSyslogMod)
}

// RequestModule is asked when an operation has the kernel load the module name.
func RequestModule(asker Asker, s *Subject, name string) Verdict {
	a := ask{asker: asker}
	a.check(Query{
		Source: s.SID, Target: asker.Initial(SIDKernel), Class: ClassSystem, Perms: SystemModuleRequest,
	}, Object{Kind: ObjectModule, Name: name})
	return a.verdict
}

// LoadPermission returns the permission of the class system that loading a kind
// of file into the kernel needs. kind is as the kernel names it: module,
// firmware, kexec-image, kexec-initramfs, security-policy, x509-certificate.
func LoadPermission(kind string) (Perms, bool) {
	perms, ok := map[string]Perms{
		"module":           SystemModuleLoad,
		"firmware":         SystemFirmwareLoad,
		"kexec-image":      SystemKexecImageLoad,
		"kexec-initramfs":  SystemKexecInitramfsLoad,
		"security-policy":  SystemPolicyLoad,
		"x509-certificate": SystemX509CertificateLoad,
	}[kind]
	return perms, ok
}

// LoadKernelFile is asked for loading something into the kernel: from a
// description (finit_module) or, with f nil, from memory.
func LoadKernelFile(asker Asker, s *Subject, f *File, perms Perms) Verdict {
	a := ask{asker: asker}
	if f == nil {
		a.check(Query{Source: s.SID, Target: s.SID, Class: ClassSystem, Perms: perms}, Object{})
		return a.verdict
	}
	if a.useDescriptor(s, f) {
		a.check(
			Query{Source: s.SID, Target: f.Inode.SID, Class: ClassSystem, Perms: perms},
			Object{Kind: ObjectPath, Ref: f.Inode.Ref},
		)
	}
	return a.verdict
}

// BPF is asked for operations of bpf(2): BPFMapCreate and BPFProgLoad have the
// task itself as target, the others the map or program.
func BPF(asker Asker, s *Subject, target policy.SID, perms Perms) Verdict {
	a := ask{asker: asker}
	a.check(Query{Source: s.SID, Target: target, Class: ClassBPF, Perms: perms}, Object{})
	return a.verdict
}

// PerfOpenEvent is asked by perf_event_open: PerfOpen and whichever of PerfCPU,
// PerfKernel and PerfTracepoint the event needs, a query each.
func PerfOpenEvent(asker Asker, s *Subject, perms Perms) Verdict {
	a := ask{asker: asker}
	for bit := PerfOpen; bit <= PerfTracepoint; bit <<= 1 {
		if perms&bit != 0 {
			a.check(Query{Source: s.SID, Target: s.SID, Class: ClassPerfEvent, Perms: bit}, Object{})
		}
	}
	return a.verdict
}

// PerfUse is asked for reading or writing a perf event.
func PerfUse(asker Asker, s *Subject, event policy.SID, perms Perms) Verdict {
	a := ask{asker: asker}
	a.check(Query{Source: s.SID, Target: event, Class: ClassPerfEvent, Perms: perms}, Object{})
	return a.verdict
}

// IOUringSetup is asked by io_uring_setup, polling whether a kernel thread polls
// the queue.
func IOUringSetup(asker Asker, s *Subject, polling bool) Verdict {
	a := ask{asker: asker}
	if a.check(Query{Source: s.SID, Target: s.SID, Class: ClassIOUring, Perms: IOUringAllowed}, Object{}) && polling {
		a.check(Query{Source: s.SID, Target: s.SID, Class: ClassIOUring, Perms: IOUringSqpoll}, Object{})
	}
	return a.verdict
}

// AnonymousInode is asked for making an anonymous inode of the kind that name
// tells, such as [userfaultfd], [io_uring] or [secretmem]. related, when not
// nil, is the inode that the new one is copied from.
func AnonymousInode(asker Asker, s *Subject, name string, related *Inode) Labelled {
	a := ask{asker: asker}
	class := ClassAnonInode
	var sid policy.SID
	if related != nil {
		sid, class = related.SID, related.Class
	} else {
		var ok bool
		if sid, ok = a.transition(s.SID, s.SID, class, name); !ok {
			return Labelled{Verdict: a.verdict}
		}
	}
	a.check(
		Query{Source: s.SID, Target: sid, Class: class, Perms: FileCreate},
		Object{Kind: ObjectAnonInode, Name: name},
	)
	return Labelled{Verdict: a.verdict, SID: sid}
}

// MemfdCreate is asked by memfd_create. Without the capability memfd_class it
// asks nothing, and the file is one of the kernel's own tmpfs: SID is 0.
func MemfdCreate(asker Asker, s *Subject) Labelled {
	if !asker.Has(policy.CapMemfdClass) {
		return Labelled{}
	}
	a := ask{asker: asker}
	sid, ok := a.transition(s.SID, s.SID, ClassMemfdFile, "[memfd]")
	if ok {
		a.check(
			Query{Source: s.SID, Target: sid, Class: ClassMemfdFile, Perms: FileCreate},
			Object{Kind: ObjectAnonInode, Name: "[memfd]"},
		)
	}
	return Labelled{Verdict: a.verdict, SID: sid}
}

// Security is asked by the files of selinuxfs for a permission of the class
// security.
func Security(asker Asker, s *Subject, perms Perms) Verdict {
	a := ask{asker: asker}
	a.check(Query{
		Source: s.SID, Target: asker.Initial(SIDSecurity), Class: ClassSecurity, Perms: perms,
	}, Object{})
	return a.verdict
}
