package supervisor

// ipcCalls are the calls on System V objects, message queues and keys.
var ipcCalls = []call{
	{name: "shmget", action: actionAllow},
	{name: "shmat", action: actionAllow},
	{name: "shmctl", action: actionAllow},
	{name: "semget", action: actionAllow},
	{name: "semop", action: actionAllow},
	{name: "semctl", action: actionAllow},
	{name: "shmdt", action: actionAllow},
	{name: "msgget", action: actionAllow},
	{name: "msgsnd", action: actionAllow},
	{name: "msgrcv", action: actionAllow},
	{name: "msgctl", action: actionAllow},
	{name: "semtimedop", action: actionAllow},
	{name: "mq_open", action: actionAllow},
	{name: "mq_unlink", action: actionAllow},
	{name: "mq_timedsend", action: actionAllow},
	{name: "mq_timedreceive", action: actionAllow},
	{name: "mq_notify", action: actionAllow},
	{name: "mq_getsetattr", action: actionAllow},
	{name: "add_key", action: actionAllow},
	{name: "request_key", action: actionAllow},
	{name: "keyctl", action: actionAllow},
}
