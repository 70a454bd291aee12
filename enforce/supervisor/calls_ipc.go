package supervisor

// ipcCalls are the calls on System V objects, message queues and keys.
var ipcCalls = []call{
	{name: "shmget", action: actionNotify, handle: (*actor).shmget, restart: true},
	{name: "shmat", action: actionNotify, handle: (*actor).shmat, restart: true},
	{name: "shmctl", action: actionNotify, handle: (*actor).shmctl, restart: true},
	{name: "semget", action: actionNotify, handle: (*actor).semget, restart: true},
	{name: "semop", action: actionNotify, handle: (*actor).semop},
	{name: "semctl", action: actionNotify, handle: (*actor).semctl, restart: true},
	{name: "shmdt", action: actionAllow},
	{name: "msgget", action: actionNotify, handle: (*actor).msgget, restart: true},
	{name: "msgsnd", action: actionNotify, handle: (*actor).msgsnd},
	{name: "msgrcv", action: actionNotify, handle: (*actor).msgrcv},
	{name: "msgctl", action: actionNotify, handle: (*actor).msgctl, restart: true},
	{name: "semtimedop", action: actionNotify, handle: (*actor).semtimedop},
	{name: "mq_open", action: actionNotify, handle: (*actor).mqOpen, restart: true},
	{name: "mq_unlink", action: actionNotify, handle: (*actor).mqUnlink, restart: true},
	{name: "mq_timedsend", action: actionAllow},
	{name: "mq_timedreceive", action: actionAllow},
	{name: "mq_notify", action: actionAllow},
	{name: "mq_getsetattr", action: actionAllow},
	{name: "add_key", action: actionNotify, handle: (*actor).addKey, restart: true},
	{name: "request_key", action: actionNotify, handle: (*actor).requestKey},
	{name: "keyctl", action: actionNotify, handle: (*actor).keyctl, restart: true},
}
