package linux

import "golang.org/x/sys/unix"

// Types of the kernel's interface.
type (
	// Statx is struct statx.
	Statx = unix.Statx_t
	// Statfs is struct statfs.
	Statfs = unix.Statfs_t
	// Timespec is struct timespec.
	Timespec = unix.Timespec
	// WaitStatus is the status that Wait reports.
	WaitStatus = unix.WaitStatus
)

// Flags of open and of the calls that name objects.
const (
	OPath      = unix.O_PATH
	OTmpfile   = unix.O_TMPFILE
	ONofollow  = unix.O_NOFOLLOW
	ODirectory = unix.O_DIRECTORY
	OCloexec   = unix.O_CLOEXEC
	ONoctty    = unix.O_NOCTTY
	ONonblock  = unix.O_NONBLOCK
	OAppend    = unix.O_APPEND
	OTrunc     = unix.O_TRUNC
	OCreat     = unix.O_CREAT
	OExcl      = unix.O_EXCL
	OAccmode   = unix.O_ACCMODE
	ORdonly    = unix.O_RDONLY
	OWronly    = unix.O_WRONLY
	ORdwr      = unix.O_RDWR
	OLargefile = unix.O_LARGEFILE
	OAsync     = unix.O_ASYNC
	ONoatime   = unix.O_NOATIME
	ODirect    = unix.O_DIRECT
	OSync      = unix.O_SYNC
	ODsync     = unix.O_DSYNC

	AtFDCwd           = unix.AT_FDCWD
	AtEmptyPath       = unix.AT_EMPTY_PATH
	AtSymlinkNofollow = unix.AT_SYMLINK_NOFOLLOW
	AtSymlinkFollow   = unix.AT_SYMLINK_FOLLOW
	AtRemovedir       = unix.AT_REMOVEDIR
	AtEaccess         = unix.AT_EACCESS
	AtNoAutomount     = unix.AT_NO_AUTOMOUNT

	RenameNoreplace = unix.RENAME_NOREPLACE
	RenameExchange  = unix.RENAME_EXCHANGE
	RenameWhiteout  = unix.RENAME_WHITEOUT
)

// Fields of Statx.
const (
	StatxBasic   = unix.STATX_BASIC_STATS
	StatxBtime   = unix.STATX_BTIME
	StatxMountID = unix.STATX_MNT_ID
)

// Namespaces, for clone, unshare and setns, and what else clone shares.
const (
	CloneVM        = unix.CLONE_VM
	CloneFS        = unix.CLONE_FS
	CloneFiles     = unix.CLONE_FILES
	CloneThread    = unix.CLONE_THREAD
	CloneVfork     = unix.CLONE_VFORK
	CloneUntraced  = unix.CLONE_UNTRACED
	CloneNewNS     = unix.CLONE_NEWNS
	CloneNewUser   = unix.CLONE_NEWUSER
	CloneNewPID    = unix.CLONE_NEWPID
	CloneNewNet    = unix.CLONE_NEWNET
	CloneNewUTS    = unix.CLONE_NEWUTS
	CloneNewIPC    = unix.CLONE_NEWIPC
	CloneNewCgroup = unix.CLONE_NEWCGROUP
	CloneNewTime   = unix.CLONE_NEWTIME
)

// Kinds of files, in a mode.
const (
	SIFMT   = unix.S_IFMT
	SIFREG  = unix.S_IFREG
	SIFDIR  = unix.S_IFDIR
	SIFLNK  = unix.S_IFLNK
	SIFCHR  = unix.S_IFCHR
	SIFBLK  = unix.S_IFBLK
	SIFIFO  = unix.S_IFIFO
	SIFSOCK = unix.S_IFSOCK
)

// Filesystems, as statfs tells them.
const (
	ProcMagic    = unix.PROC_SUPER_MAGIC
	TmpfsMagic   = unix.TMPFS_MAGIC
	SysfsMagic   = unix.SYSFS_MAGIC
	SelinuxMagic = unix.SELINUX_MAGIC
	PipeFSMagic  = unix.PIPEFS_MAGIC
	SockFSMagic  = unix.SOCKFS_MAGIC
	AnonFSMagic  = unix.ANON_INODE_FS_MAGIC
)

// ErrRestart is ERESTARTSYS, which a program never sees: as the answer to a
// notification it lets the kernel decide by the handler of a pending signal
// whether the call fails with EINTR or starts again.
const ErrRestart = 512

// ErrRestartAlways is ERESTARTNOINTR: the call starts again whatever the handler
// says.
const ErrRestartAlways = 513

// MaxPath is the longest path the kernel takes, its terminating NUL included.
const MaxPath = 4096

// MaxName is the longest name of a directory entry on Linux.
const MaxName = 255
