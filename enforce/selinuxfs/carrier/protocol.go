package carrier

import (
	"encoding/binary"
	"syscall"
)

// Requests of the FUSE protocol (kernel include/uapi/linux/fuse.h).
const (
	opLookup      = 1
	opForget      = 2
	opGetattr     = 3
	opSetattr     = 4
	opOpen        = 14
	opRead        = 15
	opWrite       = 16
	opStatfs      = 17
	opRelease     = 18
	opInit        = 26
	opInterrupt   = 36
	opDestroy     = 38
	opBatchForget = 42
)

const (
	protocolMajor = 7
	protocolMinor = 31

	inHeaderSize  = 40
	outHeaderSize = 16
	attrSize      = 88
	maxWrite      = 1 << 20
	// A request is a header, the write's own header, and the data.
	bufferSize = maxWrite + 4096

	// Flags of the answer to INIT.
	initAtomicTrunc = 1 << 3
	initBigWrites   = 1 << 5
	initMaxPages    = 1 << 22

	// Flags of the answer to OPEN.
	openDirectIO = 1 << 0
	openNoFlush  = 1 << 5

	// Bits of SETATTR that truncating and touching set.
	setattrHarmless = 1<<3 | 1<<4 | 1<<5 | 1<<6 | 1<<7 | 1<<8 | 1<<9 | 1<<10

	rootNode = 1
)

// order is the machine's: requests never leave it.
var order = binary.NativeEndian

// request is one message from the kernel.
type request struct {
	op     uint32
	unique uint64
	node   uint64
	tid    int
	body   []byte
}

// parseRequest takes a message apart; ok is false for one that is too short.
func parseRequest(data []byte) (r request, ok bool) {
	if len(data) < inHeaderSize {
		return request{}, false
	}
	return request{
		op: order.Uint32(data[4:]), unique: order.Uint64(data[8:]), node: order.Uint64(data[16:]),
		tid: int(order.Uint32(data[32:])), body: data[inHeaderSize:],
	}, true
}

// answer makes the message that answers a request.
func answer(unique uint64, errno syscall.Errno, payload []byte) []byte {
	if errno != 0 {
		payload = nil
	}
	buf := make([]byte, outHeaderSize, outHeaderSize+len(payload))
	order.PutUint32(buf, uint32(outHeaderSize+len(payload))) //nolint:gosec // G115: at most a request's size.
	order.PutUint32(buf[4:], uint32(-int32(errno)))          //nolint:gosec // G115: errors are small and go out negated.
	order.PutUint64(buf[8:], unique)
	return append(buf, payload...)
}

// initAnswer is what INIT gets.
func initAnswer() []byte {
	out := make([]byte, 64)
	order.PutUint32(out, protocolMajor)
	order.PutUint32(out[4:], protocolMinor)
	order.PutUint32(out[12:], initAtomicTrunc|initBigWrites|initMaxPages)
	order.PutUint16(out[16:], 16) // background requests
	order.PutUint16(out[18:], 12)
	order.PutUint32(out[20:], maxWrite)
	order.PutUint32(out[24:], 1) // times count nanoseconds
	order.PutUint16(out[28:], maxWrite/4096)
	return out
}

// attributes is struct fuse_attr.
func attributes(ino uint64, mode uint32) []byte {
	out := make([]byte, attrSize)
	order.PutUint64(out, ino)
	order.PutUint32(out[60:], mode)
	order.PutUint32(out[64:], 1) // links
	order.PutUint32(out[80:], 4096)
	return out
}

// cacheSeconds is for how long the kernel need not ask for what never changes.
const cacheSeconds = 1 << 30

// entryAnswer is what LOOKUP gets; the name may not be cached.
func entryAnswer(node, ino uint64, mode uint32) []byte {
	out := make([]byte, 40, 40+attrSize)
	order.PutUint64(out, node)
	order.PutUint64(out[24:], cacheSeconds)
	return append(out, attributes(ino, mode)...)
}

// attrAnswer is what GETATTR and SETATTR get.
func attrAnswer(ino uint64, mode uint32) []byte {
	out := make([]byte, 16, 16+attrSize)
	order.PutUint64(out, cacheSeconds)
	return append(out, attributes(ino, mode)...)
}

// openAnswer is what OPEN gets.
func openAnswer(handle uint64) []byte {
	out := make([]byte, 16)
	order.PutUint64(out, handle)
	order.PutUint32(out[8:], openDirectIO|openNoFlush)
	return out
}

// transfer is the body of READ or WRITE.
type transfer struct {
	handle uint64
	offset int64
	size   uint32
	data   []byte
}

func parseTransfer(body []byte, write bool) (t transfer, ok bool) {
	if len(body) < 40 {
		return transfer{}, false
	}
	t = transfer{
		handle: order.Uint64(body), offset: int64(order.Uint64(body[8:])), //nolint:gosec // G115: the kernel's offsets are signed.
		size: order.Uint32(body[16:]),
	}
	if write {
		if uint64(t.size) > uint64(len(body)-40) {
			return transfer{}, false
		}
		t.data = body[40 : 40+t.size]
	}
	return t, t.offset >= 0
}
