package supervisor

import (
	"encoding/binary"

	"seward/internal/linux"
)

// statSize is the size of struct stat.
const statSize = 144

// encodeStat writes a struct stat (kernel arch/x86/include/uapi/asm/stat.h).
func encodeStat(buf *[statSize]byte, st *linux.Statx) {
	le := binary.LittleEndian
	le.PutUint64(buf[0:], deviceNumber(st.Dev_major, st.Dev_minor))
	le.PutUint64(buf[8:], st.Ino)
	le.PutUint64(buf[16:], uint64(st.Nlink))
	le.PutUint32(buf[24:], uint32(st.Mode))
	le.PutUint32(buf[28:], st.Uid)
	le.PutUint32(buf[32:], st.Gid)
	le.PutUint64(buf[40:], deviceNumber(st.Rdev_major, st.Rdev_minor))
	le.PutUint64(buf[48:], st.Size)
	le.PutUint64(buf[56:], uint64(st.Blksize))
	le.PutUint64(buf[64:], st.Blocks)
	le.PutUint64(buf[72:], uint64(st.Atime.Sec)) //nolint:gosec // G115: two's complement is meant.
	le.PutUint64(buf[80:], uint64(st.Atime.Nsec))
	le.PutUint64(buf[88:], uint64(st.Mtime.Sec)) //nolint:gosec // G115: as above.
	le.PutUint64(buf[96:], uint64(st.Mtime.Nsec))
	le.PutUint64(buf[104:], uint64(st.Ctime.Sec)) //nolint:gosec // G115: as above.
	le.PutUint64(buf[112:], uint64(st.Ctime.Nsec))
}

// deviceNumber is the kernel's new_encode_dev.
func deviceNumber(major, minor uint32) uint64 {
	return uint64(minor&0xff | major<<8 | minor&^0xff<<12)
}
