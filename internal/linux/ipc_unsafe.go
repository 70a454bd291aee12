package linux

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// The calls of System V objects, performed for somebody else.

// Shmget finds or makes a shared memory segment.
func Shmget(key int32, size uint64, flags int) (int, error) {
	return ipcResult(unix.Syscall(unix.SYS_SHMGET, uintptr(key), uintptr(size), uintptr(flags))) //nolint:gosec // G115: the sign is kept.
}

// Semget finds or makes a set of semaphores.
func Semget(key int32, count, flags int) (int, error) {
	return ipcResult(unix.Syscall(unix.SYS_SEMGET, uintptr(key), uintptr(count), uintptr(flags))) //nolint:gosec // G115: the sign is kept.
}

// Msgget finds or makes a message queue.
func Msgget(key int32, flags int) (int, error) {
	return ipcResult(unix.Syscall(unix.SYS_MSGGET, uintptr(key), uintptr(flags), 0)) //nolint:gosec // G115: the sign is kept.
}

// Shmctl performs shmctl with a buffer that is long enough for the command.
func Shmctl(id, command int, buf []byte) (int, error) {
	return ipcResult(unix.Syscall(unix.SYS_SHMCTL, uintptr(id), uintptr(command), uintptr(pointer(buf))))
}

// Semctl performs semctl with a buffer that is long enough for the command.
func Semctl(id, command int, buf []byte) (int, error) {
	return ipcResult(unix.Syscall6(unix.SYS_SEMCTL, uintptr(id), 0, uintptr(command), uintptr(pointer(buf)), 0, 0))
}

// Msgctl performs msgctl with a buffer that is long enough for the command.
func Msgctl(id, command int, buf []byte) (int, error) {
	return ipcResult(unix.Syscall(unix.SYS_MSGCTL, uintptr(id), uintptr(command), uintptr(pointer(buf))))
}

// Semop performs operations on a set of semaphores, of six bytes each, without
// waiting longer than timeout.
func Semop(id int, operations []byte, timeout *Timespec) error {
	const size = 6
	_, _, errno := unix.Syscall6(
		unix.SYS_SEMTIMEDOP, uintptr(id), uintptr(pointer(operations)), uintptr(len(operations)/size),
		uintptr(unsafe.Pointer(timeout)), 0, 0,
	)
	return errnoErr(errno)
}

func ipcResult(n, _ uintptr, errno unix.Errno) (int, error) {
	if errno != 0 {
		return -1, errno
	}
	return int(n), nil
}

// EnterNamespace has the calling thread enter a namespace, which must not be one
// that threads share.
func EnterNamespace(fd, kind int) error { return unix.Setns(fd, kind) }

// MqOpen opens a POSIX message queue. attr is a copy of struct mq_attr or nil.
func MqOpen(name Name, flags int, mode uint32, attr *[64]byte) (int, error) {
	return ipcResult(unix.Syscall6(
		unix.SYS_MQ_OPEN, uintptr(unsafe.Pointer(unsafe.SliceData(name))), uintptr(flags), uintptr(mode),
		uintptr(unsafe.Pointer(attr)), 0, 0,
	))
}

// MqUnlink removes the name of a POSIX message queue.
func MqUnlink(name Name) error {
	_, _, errno := unix.Syscall(unix.SYS_MQ_UNLINK, uintptr(unsafe.Pointer(unsafe.SliceData(name))), 0, 0)
	return errnoErr(errno)
}
