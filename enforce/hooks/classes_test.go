package hooks

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestConstants holds the constants against the names in the classes.
func TestConstants(t *testing.T) {
	for _, tt := range []struct {
		class Class
		perms Perms
		want  string
	}{
		{ClassFile, FileIoctl, "ioctl"},
		{ClassFile, FileMap, "map"},
		{ClassFile, FileUnlink, "unlink"},
		{ClassDir, FileWatchMountns, "watch_mountns"},
		{ClassFile, FileOpen, "open"},
		{ClassFile, FileAuditAccess, "audit_access"},
		{ClassFile, FileExecuteNoTrans, "execute_no_trans"},
		{ClassMemfdFile, FileEntrypoint, "entrypoint"},
		{ClassDir, DirAddName, "add_name"},
		{ClassDir, DirRmdir, "rmdir"},
		{ClassDir, DirSearch, "search"},
		{ClassSocket, SocketIoctl, "ioctl"},
		{ClassSocket, SocketMap, "map"},
		{ClassSocket, SocketBind, "bind"},
		{ClassSocket, SocketNameBind, "name_bind"},
		{ClassTCPSocket, SocketNodeBind, "node_bind"},
		{ClassTCPSocket, SocketNameConnect, "name_connect"},
		{ClassSCTPSocket, SCTPAssociation, "association"},
		{ClassUnixStreamSocket, UnixConnectto, "connectto"},
		{ClassTunSocket, TunAttachQueue, "attach_queue"},
		{ClassNetlinkRouteSocket, NlmsgRead, "nlmsg_read"},
		{ClassNetlinkXFRMSocket, NlmsgWrite, "nlmsg_write"},
		{ClassNetlinkTCPDiagSocket, Nlmsg, "nlmsg"},
		{ClassNetlinkAuditSocket, AuditNlmsgRelay, "nlmsg_relay"},
		{ClassNetlinkAuditSocket, AuditNlmsgReadpriv, "nlmsg_readpriv"},
		{ClassNetlinkAuditSocket, AuditNlmsgTTYAudit, "nlmsg_tty_audit"},
		{ClassNetlinkAuditSocket, AuditNlmsg, "nlmsg"},
		{ClassProcess, ProcessFork, "fork"},
		{ClassProcess, ProcessShare, "share"},
		{ClassProcess, ProcessGetrlimit, "getrlimit"},
		{ClassProcess, ProcessDyntransition, "dyntransition"},
		{ClassProcess2, Process2NosuidTransition, "nosuid_transition"},
		{ClassSecurity, SecurityValidateTrans, "validate_trans"},
		{ClassSystem, SystemX509CertificateLoad, "x509_certificate_load"},
		{ClassSystem, SystemModuleLoad, "module_load"},
		{ClassFilesystem, FilesystemWatch, "watch"},
		{ClassFilesystem, FilesystemAssociate, "associate"},
		{ClassSem, IPCUnixWrite, "unix_write"},
		{ClassMsgq, MsgqEnqueue, "enqueue"},
		{ClassShm, ShmLock, "lock"},
		{ClassMsg, MsgReceive, "receive"},
		{ClassKey, KeyCreate, "create"},
		{ClassBPF, BPFProgLoadAs, "prog_load_as"},
		{ClassPerfEvent, PerfWrite, "write"},
		{ClassIOUring, IOUringAllowed, "allowed"},
		{ClassBinder, BinderTransfer, "transfer"},
		{ClassFD, FDUse, "use"},
		{ClassMemprotect, MmapZero, "mmap_zero"},
		{ClassUserNamespace, UserNamespaceCreate, "create"},
		{ClassCapability, 1 << CapSysTTYConfig, "sys_tty_config"},
		{ClassCapability2, 1 << (CapMacAdmin - 32), "mac_admin"},
	} {
		if got := tt.perms.Names(tt.class); !slices.Equal(got, []string{tt.want}) {
			t.Errorf("%v %#x: got %v, want %s", tt.class, tt.perms, got, tt.want)
		}
		if got, ok := tt.class.Perms(tt.want); !ok || got != tt.perms {
			t.Errorf("%v %s: got %#x", tt.class, tt.want, got)
		}
	}
}

func TestClasses(t *testing.T) {
	all := Classes()
	if len(all) != int(classCount)-1 {
		t.Fatalf("%d classes", len(all))
	}
	for _, c := range all {
		if got, ok := ClassByName(c.String()); !ok || got != c {
			t.Errorf("%v: found %v", c, got)
		}
		names := c.PermissionNames()
		if len(names) == 0 || len(names) > 32 {
			t.Errorf("%v has %d permissions", c, len(names))
		}
		if len(slices.Compact(slices.Sorted(slices.Values(names)))) != len(names) {
			t.Errorf("%v names a permission twice", c)
		}
	}
	if diff := cmp.Diff([]string{"read", "search"}, (FileRead | DirSearch).Names(ClassDir)); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if ClassInvalid.Valid() || Class(250).Valid() || Class(250).String() != "class(250)" || ClassInvalid.PermissionNames() != nil {
		t.Error("an invalid class is valid")
	}
	if _, ok := ClassByName("none"); ok {
		t.Error("found a class called none")
	}
	if _, ok := ClassFile.Perms("none"); ok {
		t.Error("found a permission called none")
	}
	for c, want := range map[Class]bool{ClassSocket: true, ClassTCPSocket: true, ClassFile: false, ClassProcess: false, ClassSockFile: false} {
		if c.IsSocket() != want {
			t.Errorf("%v is a socket: %v", c, !want)
		}
	}
	if SIDKernel.String() != "kernel" || SIDDevnull.String() != "devnull" || initialSIDCount.String() != "invalid" {
		t.Error("names of initial SIDs")
	}
}
