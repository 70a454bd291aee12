package syntax

import "strings"

// form is what an argument may look like.
type form uint8

const (
	formName      form = iota // an atom
	formDecl                  // an atom that is a valid name for what is declared
	formNames                 // a list of atoms, not empty
	formNameList              // an atom or a list of atoms
	formPerms                 // a list of new permissions, which may be empty
	formSomePerms             // the same, not empty
	formClassPerms
	formTypeExpr
	formRoleExpr
	formUserExpr
	formCatExpr
	formCatList // a category expression that is a list
	formBoolExpr
	formPermissionx // a list
	formPermx       // the same or an atom
	formConstraint
	formTransition // the same where u3, r3, t3 are known
	formLevel      // a list
	formLevelRef   // the same or an atom
	formRange
	formRangeRef
	formContext
	formContextRef
	formFileContext // or an empty list
	formNumber      // 32 bits, decimal
	formAnyNumber   // 32 bits, any base
	formPorts       // a number or a list of two, decimal
	formKeys        // the same in any base
	formMemory      // the same with 64 bits
	formIOPorts
	formAddress    // of IPv4 or IPv6, in text
	formAddressRef // the same, or a name; or a list with an address
	formTrueFalse
	formOrder
	formClassOrder
	formParams
	formArgs
)

// arg is one argument of a statement. Words, if any, are the atoms that it may be.
type arg struct {
	label    string
	form     form
	words    []Keyword
	optional bool
}

// shape is what follows a keyword.
type shape []arg

func name(label string) arg              { return arg{label: label} }
func of(label string, f form) arg        { return arg{label: label, form: f} }
func optional(a arg) arg                 { a.optional = true; return a }
func decl() arg                          { return arg{label: "name", form: formDecl} }
func one(label string, w ...Keyword) arg { return arg{label: label, words: w} }

var (
	src, tgt, class   = name("source"), name("target"), name("class")
	classPerms        = of("class permissions", formClassPerms)
	permx             = of("extended permissions", formPermx)
	context           = of("context", formContextRef)
	result            = name("result")
	trueFalse         = of("true or false", formTrueFalse)
	fileKinds         = []Keyword{KwAny, KwFile, KwDir, KwChar, KwBlock, KwSocket, KwPipe, KwSymlink}
	avRule            = shape{src, tgt, classPerms}
	avRuleX           = shape{src, tgt, permx}
	typeRule          = shape{src, tgt, class, result}
	bounds            = shape{name("parent"), name("child")}
	alias             = shape{name("alias"), name("actual")}
	justDecl          = shape{decl()}
	defaultObject     = shape{of("classes", formNameList), one("source or target", KwSource, KwTarget)}
	constraint        = of("constraint", formConstraint)
	conditionalHeader = shape{of("expression", formBoolExpr)}
)

var grammar = [statementCount]shape{
	KwBlock:              justDecl,
	KwBlockinherit:       {name("block")},
	KwBlockabstract:      {name("block")},
	KwIn:                 {name("block"), optional(name("block"))},
	KwOptional:           justDecl,
	KwMacro:              {decl(), of("parameters", formParams)},
	KwCall:               {name("macro"), optional(of("arguments", formArgs))},
	KwBoolean:            {decl(), trueFalse},
	KwTunable:            {decl(), trueFalse},
	KwBooleanif:          conditionalHeader,
	KwTunableif:          conditionalHeader,
	KwTrue:               {},
	KwFalse:              {},
	KwClass:              {decl(), of("permissions", formPerms)},
	KwClassorder:         {of("classes", formClassOrder)},
	KwClassmap:           {decl(), of("permissions", formSomePerms)},
	KwClassmapping:       {name("classmap"), name("permission"), classPerms},
	KwClasspermission:    justDecl,
	KwClasspermissionset: {name("classpermission"), classPerms},
	KwCommon:             {decl(), of("permissions", formSomePerms)},
	KwClasscommon:        {class, name("common")},
	KwSid:                justDecl,
	KwSidcontext:         {name("sid"), context},
	KwSidorder:           {of("sids", formOrder)},
	KwUser:               justDecl,
	KwUserattribute:      justDecl,
	KwUserattributeset:   {name("userattribute"), of("users", formUserExpr)},
	KwUserlevel:          {name("user"), of("level", formLevelRef)},
	KwUserrange:          {name("user"), of("range", formRangeRef)},
	KwUserbounds:         bounds,
	KwUserprefix:         {name("user"), name("prefix")},
	KwSelinuxuser:        {name("login"), name("user"), of("range", formRangeRef)},
	KwSelinuxuserdefault: {name("user"), of("range", formRangeRef)},

	KwType:                justDecl,
	KwTypeattribute:       justDecl,
	KwTypeattributeset:    {name("typeattribute"), of("types", formTypeExpr)},
	KwExpandtypeattribute: {of("typeattributes", formNameList), trueFalse},
	KwTypealias:           justDecl,
	KwTypealiasactual:     alias,
	KwTypebounds:          bounds,
	KwTypepermissive:      {name("type")},
	KwTypeneveraudit:      {name("type")},
	KwRangetransition:     {src, tgt, class, of("range", formRangeRef)},
	KwRole:                justDecl,
	KwUserrole:            {name("user"), name("role")},
	KwRoletype:            {name("role"), name("type")},
	KwRoletransition:      {name("role"), name("type"), class, result},
	KwRoleallow:           {src, tgt},
	KwRoleattribute:       justDecl,
	KwRoleattributeset:    {name("roleattribute"), of("roles", formRoleExpr)},
	KwRolebounds:          bounds,
	KwAllow:               avRule,
	KwAuditallow:          avRule,
	KwDontaudit:           avRule,
	KwNeverallow:          avRule,
	KwDeny:                avRule,
	KwAllowx:              avRuleX,
	KwAuditallowx:         avRuleX,
	KwDontauditx:          avRuleX,
	KwNeverallowx:         avRuleX,
	KwPermissionx:         {decl(), of("extended permissions", formPermissionx)},
	KwTypetransition:      {src, tgt, class, name("result"), optional(name("result"))},
	KwTypechange:          typeRule,
	KwTypemember:          typeRule,

	KwSensitivity:            justDecl,
	KwSensitivityalias:       justDecl,
	KwSensitivityaliasactual: alias,
	KwCategory:               justDecl,
	KwCategoryalias:          justDecl,
	KwCategoryaliasactual:    alias,
	KwCategoryset:            {decl(), of("categories", formCatList)},
	KwCategoryorder:          {of("categories", formOrder)},
	KwSensitivityorder:       {of("sensitivities", formOrder)},
	KwSensitivitycategory:    {name("sensitivity"), of("categories", formCatExpr)},
	KwLevel:                  {decl(), of("level", formLevel)},
	KwLevelrange:             {decl(), of("range", formRange)},
	KwConstrain:              {classPerms, constraint},
	KwMlsconstrain:           {classPerms, constraint},
	KwValidatetrans:          {class, of("constraint", formTransition)},
	KwMlsvalidatetrans:       {class, of("constraint", formTransition)},
	KwContext:                {decl(), of("context", formContext)},

	KwFilecon:       {name("path"), one("kind of file", fileKinds...), of("context", formFileContext)},
	KwIbpkeycon:     {name("subnet prefix"), of("partition keys", formKeys), context},
	KwIbendportcon:  {name("device"), of("port", formNumber), context},
	KwPortcon:       {one("protocol", KwTcp, KwUdp, KwDccp, KwSctp), of("ports", formPorts), context},
	KwNodecon:       {of("address", formAddressRef), of("mask", formAddressRef), context},
	KwGenfscon:      {name("filesystem"), name("path"), context, optional(context)},
	KwNetifcon:      {name("interface"), context, context},
	KwPirqcon:       {of("interrupt", formNumber), context},
	KwIomemcon:      {of("memory", formMemory), context},
	KwIoportcon:     {of("ports", formIOPorts), context},
	KwPcidevicecon:  {of("device", formAnyNumber), context},
	KwDevicetreecon: {name("path"), context},
	KwFsuse:         {one("behavior", KwXattr, KwTask, KwTrans), name("filesystem"), context},

	KwPolicycap:     justDecl,
	KwIpaddr:        {decl(), of("address", formAddress)},
	KwDefaultuser:   defaultObject,
	KwDefaultrole:   defaultObject,
	KwDefaulttype:   defaultObject,
	KwDefaultrange:  {of("classes", formNameList), one("source, target or glblub", KwSource, KwTarget, KwGlblub), optional(one("low, high or low-high", KwLow, KwHigh, KwLowHigh))},
	KwHandleunknown: {one("allow, deny or reject", KwAllow, KwDeny, KwReject)},
	KwMls:           {trueFalse},
	KwSrcInfo:       {one("lms, lmx or cil", KwLms, KwLmx, KwCil), of("line", formNumber), name("path")},
}

// containers are the keywords whose statements contain statements.
var containers = [256]bool{
	KwBlock: true, KwIn: true, KwOptional: true, KwMacro: true, KwBooleanif: true,
	KwTunableif: true, KwTrue: true, KwFalse: true, KwSrcInfo: true,
}

// Container reports whether statements with the keyword contain statements.
func (k Keyword) Container() bool { return containers[k] }

// Usage returns how a statement with the keyword is written.
func (k Keyword) Usage() string {
	switch k {
	case KwIn:
		return "(in [before|after] BLOCK STATEMENT...)"
	case KwTypetransition:
		return "(typetransition SOURCE TARGET CLASS [NAME] RESULT)"
	case KwGenfscon:
		return "(genfscon FILESYSTEM PATH [KIND] CONTEXT)"
	case KwBooleanif, KwTunableif:
		return "(" + k.String() + " EXPRESSION (true STATEMENT...) [(false STATEMENT...)])"
	}
	var b strings.Builder
	b.WriteString("(" + k.String())
	for _, a := range grammar[k] {
		text := strings.ToUpper(strings.ReplaceAll(a.label, " ", "-"))
		if a.form == formTrueFalse {
			text = "true|false"
		} else if a.words != nil {
			text = ""
			for i, w := range a.words {
				if i > 0 {
					text += "|"
				}
				text += w.String()
			}
		}
		if a.optional {
			text = "[" + text + "]"
		}
		b.WriteString(" " + text)
	}
	if k.Container() {
		b.WriteString(" STATEMENT...")
	}
	b.WriteString(")")
	return b.String()
}
