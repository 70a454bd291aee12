package hooks

// Perms is a set of permissions of one class in the kernel's order: permission
// number n of Class.PermissionNames is bit n.
type Perms uint32

// Permissions that every class of files and sockets has.
const (
	Ioctl Perms = 1 << iota
	Read
	Write
	Create
	Getattr
	Setattr
	Lock
	Relabelfrom
	Relabelto
	Append
	Map
)

// Permissions of the classes of files, anonymous inodes included.
const (
	Unlink Perms = 1 << (iota + 11)
	Link
	Rename
	Execute
	Quotaon
	Mounton
	AuditAccess
	Open
	Execmod
	Watch
	WatchMount
	WatchSB
	WatchWithPerm
	WatchReads
	WatchMountns
)

// Permissions of the classes file and memfd_file.
const (
	ExecuteNoTrans Perms = 1 << (iota + 26)
	Entrypoint
)

// Permissions of the class dir.
const (
	AddName Perms = 1 << (iota + 26)
	RemoveName
	Reparent
	Search
	Rmdir
)

// Permissions of the classes of sockets.
const (
	Bind Perms = 1 << (iota + 11)
	Connect
	Listen
	Accept
	Getopt
	Setopt
	Shutdown
	Recvfrom
	Sendto
	NameBind
)

// Permissions of single classes of sockets.
const (
	NodeBind        Perms = 1 << 21 // tcp, udp, rawip, dccp, sctp, icmp
	NameConnect     Perms = 1 << 22 // tcp, dccp, sctp
	SCTPAssociation Perms = 1 << 23
	Connectto       Perms = 1 << 21 // unix_stream_socket
	TunAttachQueue  Perms = 1 << 21
	NlmsgRead       Perms = 1 << 21 // netlink route, tcpdiag, xfrm, audit
	NlmsgWrite      Perms = 1 << 22
	Nlmsg           Perms = 1 << 23 // but for audit
	AuditNlmsgRelay Perms = 1 << 23
	AuditReadpriv   Perms = 1 << 24
	AuditNlmsgTTY   Perms = 1 << 25
	AuditNlmsg      Perms = 1 << 26
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
