package ask

import (
	"strconv"
	"strings"
	"syscall"

	"seward/enforce/selinuxfs"
)

// Limits of what the kernel's files take: a page, and for the files that answer
// in the page of the question the kernel's own header less.
const (
	pageSize       = 4096
	maxTransaction = pageSize - 8 - 1
)

// files are the query files by name, without validatetrans, which answers by its
// errno alone.
var files = map[string]func(selinuxfs.Server, string) (string, syscall.Errno){
	"access":  selinuxfs.Access,
	"create":  selinuxfs.Create,
	"member":  selinuxfs.Member,
	"relabel": selinuxfs.Relabel,
	"context": selinuxfs.Context,
}

// Answer answers one line: the name of a file, a space, and what would be written
// to it. What is no question gets EINVAL.
func Answer(server selinuxfs.Server, line string) string {
	name, text, _ := strings.Cut(line, " ")
	if name == "validatetrans" {
		if len(text) >= pageSize {
			return failure(syscall.ENOMEM)
		}
		if errno := selinuxfs.ValidateTransition(server, text); errno != 0 {
			return failure(errno)
		}
		return "OK"
	}
	file, ok := files[name]
	if !ok {
		return failure(syscall.EINVAL)
	}
	if len(text) > maxTransaction {
		return failure(syscall.EFBIG)
	}
	answer, errno := file(server, text)
	if errno != 0 {
		return failure(errno)
	}
	return answer
}

func failure(errno syscall.Errno) string { return "!" + strconv.Itoa(int(errno)) }
