package syntax

// Keyword is a name that the language knows: statements first, then words that
// stand inside of them. Its value is that of the same Name.
type Keyword uint8

// Keywords that begin statements.
const (
	_ Keyword = iota
	KwBlock
	KwBlockinherit
	KwBlockabstract
	KwIn
	KwOptional
	KwMacro
	KwCall
	KwBoolean
	KwBooleanif
	KwTunable
	KwTunableif
	KwTrue
	KwFalse
	KwClass
	KwClassorder
	KwClassmap
	KwClassmapping
	KwClasspermission
	KwClasspermissionset
	KwCommon
	KwClasscommon
	KwSid
	KwSidcontext
	KwSidorder
	KwUser
	KwUserattribute
	KwUserattributeset
	KwUserlevel
	KwUserrange
	KwUserbounds
	KwUserprefix
	KwSelinuxuser
	KwSelinuxuserdefault
	KwType
	KwTypeattribute
	KwTypeattributeset
	KwExpandtypeattribute
	KwTypealias
	KwTypealiasactual
	KwTypebounds
	KwTypepermissive
	KwTypeneveraudit
	KwRangetransition
	KwRole
	KwUserrole
	KwRoletype
	KwRoletransition
	KwRoleallow
	KwRoleattribute
	KwRoleattributeset
	KwRolebounds
	KwAllow
	KwAuditallow
	KwDontaudit
	KwNeverallow
	KwAllowx
	KwAuditallowx
	KwDontauditx
	KwNeverallowx
	KwPermissionx
	KwDeny
	KwTypetransition
	KwTypechange
	KwTypemember
	KwSensitivity
	KwSensitivityalias
	KwSensitivityaliasactual
	KwCategory
	KwCategoryalias
	KwCategoryaliasactual
	KwCategoryset
	KwCategoryorder
	KwSensitivityorder
	KwSensitivitycategory
	KwLevel
	KwLevelrange
	KwConstrain
	KwMlsconstrain
	KwValidatetrans
	KwMlsvalidatetrans
	KwContext
	KwFilecon
	KwIbpkeycon
	KwIbendportcon
	KwPortcon
	KwNodecon
	KwGenfscon
	KwNetifcon
	KwPirqcon
	KwIomemcon
	KwIoportcon
	KwPcidevicecon
	KwDevicetreecon
	KwFsuse
	KwPolicycap
	KwIpaddr
	KwDefaultuser
	KwDefaultrole
	KwDefaulttype
	KwDefaultrange
	KwHandleunknown
	KwMls
	KwSrcInfo

	statementCount
)

// Words inside of statements.
const (
	KwAnd = statementCount + Keyword(iota)
	KwOr
	KwNot
	KwXor
	KwEq
	KwNeq
	KwAll
	KwRange
	KwDom
	KwDomby
	KwIncomp
	KwU1
	KwU2
	KwU3
	KwR1
	KwR2
	KwR3
	KwT1
	KwT2
	KwT3
	KwL1
	KwL2
	KwH1
	KwH2
	KwSelf
	KwNotself
	KwOther
	KwStar
	KwTcp
	KwUdp
	KwDccp
	KwSctp
	KwBefore
	KwAfter
	KwUnordered
	KwIoctl
	KwNlmsg
	KwFile
	KwDir
	KwChar
	KwSocket
	KwPipe
	KwSymlink
	KwAny
	KwXattr
	KwTask
	KwTrans
	KwSource
	KwTarget
	KwLow
	KwHigh
	KwLowHigh
	KwGlblub
	KwReject
	KwString
	KwName
	KwLms
	KwLmx
	KwLme
	KwCil
	KwDefaultLogin

	keywordCount
)

var keywords = [keywordCount]string{
	KwBlock:                  "block",
	KwBlockinherit:           "blockinherit",
	KwBlockabstract:          "blockabstract",
	KwIn:                     "in",
	KwOptional:               "optional",
	KwMacro:                  "macro",
	KwCall:                   "call",
	KwBoolean:                "boolean",
	KwBooleanif:              "booleanif",
	KwTunable:                "tunable",
	KwTunableif:              "tunableif",
	KwTrue:                   "true",
	KwFalse:                  "false",
	KwClass:                  "class",
	KwClassorder:             "classorder",
	KwClassmap:               "classmap",
	KwClassmapping:           "classmapping",
	KwClasspermission:        "classpermission",
	KwClasspermissionset:     "classpermissionset",
	KwCommon:                 "common",
	KwClasscommon:            "classcommon",
	KwSid:                    "sid",
	KwSidcontext:             "sidcontext",
	KwSidorder:               "sidorder",
	KwUser:                   "user",
	KwUserattribute:          "userattribute",
	KwUserattributeset:       "userattributeset",
	KwUserlevel:              "userlevel",
	KwUserrange:              "userrange",
	KwUserbounds:             "userbounds",
	KwUserprefix:             "userprefix",
	KwSelinuxuser:            "selinuxuser",
	KwSelinuxuserdefault:     "selinuxuserdefault",
	KwType:                   "type",
	KwTypeattribute:          "typeattribute",
	KwTypeattributeset:       "typeattributeset",
	KwExpandtypeattribute:    "expandtypeattribute",
	KwTypealias:              "typealias",
	KwTypealiasactual:        "typealiasactual",
	KwTypebounds:             "typebounds",
	KwTypepermissive:         "typepermissive",
	KwTypeneveraudit:         "typeneveraudit",
	KwRangetransition:        "rangetransition",
	KwRole:                   "role",
	KwUserrole:               "userrole",
	KwRoletype:               "roletype",
	KwRoletransition:         "roletransition",
	KwRoleallow:              "roleallow",
	KwRoleattribute:          "roleattribute",
	KwRoleattributeset:       "roleattributeset",
	KwRolebounds:             "rolebounds",
	KwAllow:                  "allow",
	KwAuditallow:             "auditallow",
	KwDontaudit:              "dontaudit",
	KwNeverallow:             "neverallow",
	KwAllowx:                 "allowx",
	KwAuditallowx:            "auditallowx",
	KwDontauditx:             "dontauditx",
	KwNeverallowx:            "neverallowx",
	KwPermissionx:            "permissionx",
	KwDeny:                   "deny",
	KwTypetransition:         "typetransition",
	KwTypechange:             "typechange",
	KwTypemember:             "typemember",
	KwSensitivity:            "sensitivity",
	KwSensitivityalias:       "sensitivityalias",
	KwSensitivityaliasactual: "sensitivityaliasactual",
	KwCategory:               "category",
	KwCategoryalias:          "categoryalias",
	KwCategoryaliasactual:    "categoryaliasactual",
	KwCategoryset:            "categoryset",
	KwCategoryorder:          "categoryorder",
	KwSensitivityorder:       "sensitivityorder",
	KwSensitivitycategory:    "sensitivitycategory",
	KwLevel:                  "level",
	KwLevelrange:             "levelrange",
	KwConstrain:              "constrain",
	KwMlsconstrain:           "mlsconstrain",
	KwValidatetrans:          "validatetrans",
	KwMlsvalidatetrans:       "mlsvalidatetrans",
	KwContext:                "context",
	KwFilecon:                "filecon",
	KwIbpkeycon:              "ibpkeycon",
	KwIbendportcon:           "ibendportcon",
	KwPortcon:                "portcon",
	KwNodecon:                "nodecon",
	KwGenfscon:               "genfscon",
	KwNetifcon:               "netifcon",
	KwPirqcon:                "pirqcon",
	KwIomemcon:               "iomemcon",
	KwIoportcon:              "ioportcon",
	KwPcidevicecon:           "pcidevicecon",
	KwDevicetreecon:          "devicetreecon",
	KwFsuse:                  "fsuse",
	KwPolicycap:              "policycap",
	KwIpaddr:                 "ipaddr",
	KwDefaultuser:            "defaultuser",
	KwDefaultrole:            "defaultrole",
	KwDefaulttype:            "defaulttype",
	KwDefaultrange:           "defaultrange",
	KwHandleunknown:          "handleunknown",
	KwMls:                    "mls",
	KwSrcInfo:                "<src_info>",
	KwAnd:                    "and",
	KwOr:                     "or",
	KwNot:                    "not",
	KwXor:                    "xor",
	KwEq:                     "eq",
	KwNeq:                    "neq",
	KwAll:                    "all",
	KwRange:                  "range",
	KwDom:                    "dom",
	KwDomby:                  "domby",
	KwIncomp:                 "incomp",
	KwU1:                     "u1",
	KwU2:                     "u2",
	KwU3:                     "u3",
	KwR1:                     "r1",
	KwR2:                     "r2",
	KwR3:                     "r3",
	KwT1:                     "t1",
	KwT2:                     "t2",
	KwT3:                     "t3",
	KwL1:                     "l1",
	KwL2:                     "l2",
	KwH1:                     "h1",
	KwH2:                     "h2",
	KwSelf:                   "self",
	KwNotself:                "notself",
	KwOther:                  "other",
	KwStar:                   "*",
	KwTcp:                    "tcp",
	KwUdp:                    "udp",
	KwDccp:                   "dccp",
	KwSctp:                   "sctp",
	KwBefore:                 "before",
	KwAfter:                  "after",
	KwUnordered:              "unordered",
	KwIoctl:                  "ioctl",
	KwNlmsg:                  "nlmsg",
	KwFile:                   "file",
	KwDir:                    "dir",
	KwChar:                   "char",
	KwSocket:                 "socket",
	KwPipe:                   "pipe",
	KwSymlink:                "symlink",
	KwAny:                    "any",
	KwXattr:                  "xattr",
	KwTask:                   "task",
	KwTrans:                  "trans",
	KwSource:                 "source",
	KwTarget:                 "target",
	KwLow:                    "low",
	KwHigh:                   "high",
	KwLowHigh:                "low-high",
	KwGlblub:                 "glblub",
	KwReject:                 "reject",
	KwString:                 "string",
	KwName:                   "name",
	KwLms:                    "lms",
	KwLmx:                    "lmx",
	KwLme:                    "lme",
	KwCil:                    "cil",
	KwDefaultLogin:           "__default__",
}

// String returns the keyword's text.
func (k Keyword) String() string {
	if k < keywordCount {
		return keywords[k]
	}
	return "?"
}

// Name returns the keyword as a name.
func (k Keyword) Name() Name { return Name(k) }

// Statement returns the keyword that begins statements of a name.
func (n Name) Statement() (Keyword, bool) {
	return Keyword(n), n > 0 && n < Name(statementCount)
}
