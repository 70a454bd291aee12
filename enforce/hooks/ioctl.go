package hooks

import "seward/policy"

// Commands of ioctl(2) that are checked by what they do. The numbers are those
// of the architectures that use the kernel's generic ones; both word sizes of
// the flag commands are listed.
const (
	ioctlFIBMAP       = 0x1
	ioctlFIGETBSZ     = 0x2
	ioctlFIONREAD     = 0x541b
	ioctlFIONBIO      = 0x5421
	ioctlFIONCLEX     = 0x5450
	ioctlFIOCLEX      = 0x5451
	ioctlFIOASYNC     = 0x5452
	ioctlKDSKBENT     = 0x4b47
	ioctlKDSKBSENT    = 0x4b49
	ioctlGetFlags     = 0x80086601
	ioctlSetFlags     = 0x40086602
	ioctlGetVersion   = 0x80087601
	ioctlSetVersion   = 0x40087602
	ioctl32GetFlags   = 0x80046601
	ioctl32SetFlags   = 0x40046602
	ioctl32GetVersion = 0x80047601
	ioctl32SetVersion = 0x40047602
)

// IoctlFile is asked by ioctl(2).
func IoctlFile(asker Asker, s *Subject, f *File, command uint32) Verdict {
	a := ask{asker: asker}
	switch command {
	case ioctlFIONREAD, ioctlFIBMAP, ioctlFIGETBSZ,
		ioctlGetFlags, ioctlGetVersion, ioctl32GetFlags, ioctl32GetVersion:
		a.file(s, f, FileGetattr)
	case ioctlSetFlags, ioctlSetVersion, ioctl32SetFlags, ioctl32SetVersion:
		a.file(s, f, FileSetattr)
	case ioctlFIONBIO, ioctlFIOASYNC:
		a.useDescriptor(s, f)
	case ioctlKDSKBENT, ioctlKDSKBSENT:
		a.capability(s.SID, CapSysTTYConfig, true, false)
	case ioctlFIOCLEX, ioctlFIONCLEX:
		if !a.asker.Has(policy.CapIoctlSkipCloexec) {
			a.ioctl(s, f, command)
		}
	default:
		a.ioctl(s, f, command)
	}
	return a.verdict
}

// ioctl asks for a command by the low half of its number, which is all that
// policies name.
func (a *ask) ioctl(s *Subject, f *File, command uint32) bool {
	object := Object{Kind: ObjectIoctl, Ref: f.Inode.Ref, Number: int64(command & 0xffff)}
	if s.SID != f.SID && !a.check(
		Query{Source: s.SID, Target: f.SID, Class: ClassFD, Perms: FDUse}, object,
	) {
		return false
	}
	if f.Inode.Private {
		return a.allowed()
	}
	return a.check(Query{
		Source: s.SID, Target: f.Inode.SID, Class: f.Inode.Class, Perms: FileIoctl,
		Xperm: Xperm{Kind: XpermIoctl, Value: uint16(command & 0xffff)},
	}, object)
}
