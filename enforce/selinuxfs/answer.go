package selinuxfs

import (
	"strconv"
	"strings"
	"syscall"
)

// pageSize bounds what most files take in one write.
const pageSize = 4096

// queryFiles are the query files by name, without validatetrans, which answers by its
// errno alone.
var queryFiles = map[string]func(Server, string) (string, syscall.Errno){
	"access":  Access,
	"create":  Create,
	"member":  Member,
	"relabel": Relabel,
	"context": Context,
}

// Answer answers a question in one line: the name of a query file, a space, and
// what would be written to it. The answer is what would be read from it then, OK
// for validatetrans, or ! and the number of the errno. What names no such file
// gets EINVAL.
func Answer(server Server, line string) string {
	name, text, _ := strings.Cut(line, " ")
	if name == "validatetrans" {
		if len(text) >= pageSize {
			return failure(syscall.ENOMEM)
		}
		if errno := ValidateTransition(server, text); errno != 0 {
			return failure(errno)
		}
		return "OK"
	}
	file, ok := queryFiles[name]
	if !ok {
		return failure(syscall.EINVAL)
	}
	if len(text) >= maxTransaction {
		return failure(syscall.EFBIG)
	}
	answer, errno := file(server, text)
	if errno != 0 {
		return failure(errno)
	}
	return answer
}

func failure(errno syscall.Errno) string { return "!" + strconv.Itoa(int(errno)) }
