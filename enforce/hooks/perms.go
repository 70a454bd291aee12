package hooks

// Perms is a set of permissions of one class in the kernel's order: permission
// number n of Class.PermissionNames is bit n.
type Perms uint32

// Permissions of the classes of files, anonymous inodes included. The first
// eleven are those of sockets too.
const (
	FileIoctl Perms = 1 << iota
	FileRead
	FileWrite
	FileCreate
	FileGetattr
	FileSetattr
	FileLock
	FileRelabelfrom
	FileRelabelto
	FileAppend
	FileMap
	FileUnlink
	FileLink
	FileRename
	FileExecute
	FileQuotaon
	FileMounton
	FileAuditAccess
	FileOpen
	FileExecmod
	FileWatch
	FileWatchMount
	FileWatchSB
	FileWatchWithPerm
	FileWatchReads
	FileWatchMountns
)

// Permissions of the classes file and memfd_file.
const (
	FileExecuteNoTrans Perms = 1 << (iota + 26)
	FileEntrypoint
)

// Permissions of the class dir.
const (
	DirAddName Perms = 1 << (iota + 26)
	DirRemoveName
	DirReparent
	DirSearch
	DirRmdir
)

// Permissions of the classes of sockets.
const (
	SocketIoctl Perms = 1 << iota
	SocketRead
	SocketWrite
	SocketCreate
	SocketGetattr
	SocketSetattr
	SocketLock
	SocketRelabelfrom
	SocketRelabelto
	SocketAppend
	SocketMap
	SocketBind
	SocketConnect
	SocketListen
	SocketAccept
	SocketGetopt
	SocketSetopt
	SocketShutdown
	SocketRecvfrom
	SocketSendto
	SocketNameBind
)

// Permissions of single classes of sockets.
const (
	SocketNodeBind     Perms = 1 << 21 // tcp, udp, rawip, dccp, sctp, icmp
	SocketNameConnect  Perms = 1 << 22 // tcp, dccp, sctp
	SCTPAssociation    Perms = 1 << 23
	UnixConnectto      Perms = 1 << 21 // unix_stream_socket
	TunAttachQueue     Perms = 1 << 21
	NlmsgRead          Perms = 1 << 21 // netlink route, tcpdiag, xfrm, audit
	NlmsgWrite         Perms = 1 << 22
	Nlmsg              Perms = 1 << 23 // but for audit
	AuditNlmsgRelay    Perms = 1 << 23
	AuditNlmsgReadpriv Perms = 1 << 24
	AuditNlmsgTTYAudit Perms = 1 << 25
	AuditNlmsg         Perms = 1 << 26
)

// Permissions of the class process.
const (
	ProcessFork Perms = 1 << iota
	ProcessTransition
	ProcessSigchld
	ProcessSigkill
	ProcessSigstop
	ProcessSignull
	ProcessSignal
	ProcessPtrace
	ProcessGetsched
	ProcessSetsched
	ProcessGetsession
	ProcessGetpgid
	ProcessSetpgid
	ProcessGetcap
	ProcessSetcap
	ProcessShare
	ProcessGetattr
	ProcessSetexec
	ProcessSetfscreate
	ProcessNoatsecure
	ProcessSiginh
	ProcessSetrlimit
	ProcessRlimitinh
	ProcessDyntransition
	ProcessSetcurrent
	ProcessExecmem
	ProcessExecstack
	ProcessExecheap
	ProcessSetkeycreate
	ProcessSetsockcreate
	ProcessGetrlimit
)

// Permissions of the class process2.
const (
	Process2NNPTransition Perms = 1 << iota
	Process2NosuidTransition
)

// Permissions of the class security.
const (
	SecurityComputeAV Perms = 1 << iota
	SecurityComputeCreate
	SecurityComputeMember
	SecurityCheckContext
	SecurityLoadPolicy
	SecurityComputeRelabel
	SecurityComputeUser
	SecuritySetenforce
	SecuritySetbool
	SecuritySetsecparam
	SecuritySetcheckreqprot
	SecurityReadPolicy
	SecurityValidateTrans
)

// Permissions of the class system.
const (
	SystemIPCInfo Perms = 1 << iota
	SystemSyslogRead
	SystemSyslogMod
	SystemSyslogConsole
	SystemModuleRequest
	SystemModuleLoad
	SystemFirmwareLoad
	SystemKexecImageLoad
	SystemKexecInitramfsLoad
	SystemPolicyLoad
	SystemX509CertificateLoad
)

// Permissions of the class filesystem.
const (
	FilesystemMount Perms = 1 << iota
	FilesystemRemount
	FilesystemUnmount
	FilesystemGetattr
	FilesystemRelabelfrom
	FilesystemRelabelto
	FilesystemAssociate
	FilesystemQuotamod
	FilesystemQuotaget
	FilesystemWatch
)

// Permissions of the classes of System V IPC objects.
const (
	IPCCreate Perms = 1 << iota
	IPCDestroy
	IPCGetattr
	IPCSetattr
	IPCRead
	IPCWrite
	IPCAssociate
	IPCUnixRead
	IPCUnixWrite
	MsgqEnqueue               // of msgq
	ShmLock     = MsgqEnqueue // of shm
)

// Permissions of the class msg.
const (
	MsgSend Perms = 1 << iota
	MsgReceive
)

// Permissions of the class key.
const (
	KeyView Perms = 1 << iota
	KeyRead
	KeyWrite
	KeySearch
	KeyLink
	KeySetattr
	KeyCreate
)

// Permissions of the class bpf.
const (
	BPFMapCreate Perms = 1 << iota
	BPFMapRead
	BPFMapWrite
	BPFProgLoad
	BPFProgRun
	BPFMapCreateAs
	BPFProgLoadAs
)

// Permissions of the class perf_event.
const (
	PerfOpen Perms = 1 << iota
	PerfCPU
	PerfKernel
	PerfTracepoint
	PerfRead
	PerfWrite
)

// Permissions of the class io_uring.
const (
	IOUringOverrideCreds Perms = 1 << iota
	IOUringSqpoll
	IOUringCmd
	IOUringAllowed
)

// Permissions of the class binder.
const (
	BinderImpersonate Perms = 1 << iota
	BinderCall
	BinderSetContextMgr
	BinderTransfer
)

// Permissions of classes that have one.
const (
	FDUse               Perms = 1
	MmapZero            Perms = 1 // memprotect
	UserNamespaceCreate Perms = 1
)
