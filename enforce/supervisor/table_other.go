//go:build !amd64

package supervisor

const (
	callClone         = -1
	callGate          = -1
	callExecve        = -1
	callSetitimer     = -1
	callRtSigaction   = -1
	callRtSigprocmask = -1
	callWrite         = -1
	callWritev        = -1
	callPwrite64      = -1
	callPwritev       = -1
	callPwritev2      = -1
	callClose         = -1
	callCloseRange    = -1
	callDup2          = -1
	callRecvmsg       = -1
	callDup3          = -1
)

// The system calls of this architecture are not known: all fail.
var calls = []call{}
