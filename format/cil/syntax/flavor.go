package syntax

// Flavor is a kind of declared thing.
type Flavor uint8

// Flavors. Those of one symbol table stand together.
const (
	NoFlavor Flavor = iota

	FlavorBlock
	FlavorMacro
	FlavorOptional

	FlavorUser
	FlavorUserAttribute

	FlavorRole
	FlavorRoleAttribute

	FlavorType
	FlavorTypeAttribute
	FlavorTypeAlias

	FlavorCommon

	FlavorClass
	FlavorMapClass

	FlavorClassPermission
	FlavorBoolean
	FlavorTunable

	FlavorSens
	FlavorSensAlias

	FlavorCat
	FlavorCatAlias
	FlavorCatSet

	FlavorSID
	FlavorContext
	FlavorLevel
	FlavorLevelRange
	FlavorPolicyCap
	FlavorIPAddr
	FlavorString // a macro's parameter
	FlavorPermissionx
	FlavorPerm // of a class, common or map class

	FlavorCount
)

var flavorNames = [FlavorCount]string{
	FlavorBlock: "block", FlavorMacro: "macro", FlavorOptional: "optional",
	FlavorUser: "user", FlavorUserAttribute: "userattribute",
	FlavorRole: "role", FlavorRoleAttribute: "roleattribute",
	FlavorType: "type", FlavorTypeAttribute: "typeattribute", FlavorTypeAlias: "typealias",
	FlavorCommon: "common", FlavorClass: "class", FlavorMapClass: "classmap",
	FlavorClassPermission: "classpermission", FlavorBoolean: "boolean", FlavorTunable: "tunable",
	FlavorSens: "sensitivity", FlavorSensAlias: "sensitivityalias",
	FlavorCat: "category", FlavorCatAlias: "categoryalias", FlavorCatSet: "categoryset",
	FlavorSID: "sid", FlavorContext: "context", FlavorLevel: "level", FlavorLevelRange: "levelrange",
	FlavorPolicyCap: "policycap", FlavorIPAddr: "ipaddr", FlavorString: "string",
	FlavorPermissionx: "permissionx", FlavorPerm: "permission",
}

// String returns the keyword that declares the flavor.
func (f Flavor) String() string {
	if f < FlavorCount && flavorNames[f] != "" {
		return flavorNames[f]
	}
	return "nothing"
}

// Declares returns the flavor of what a statement with the keyword declares,
// NoFlavor if it declares nothing. The name is its first argument.
func (k Keyword) Declares() Flavor { return declares[k] }

var declares = [256]Flavor{
	KwBlock: FlavorBlock, KwMacro: FlavorMacro, KwOptional: FlavorOptional,
	KwUser: FlavorUser, KwUserattribute: FlavorUserAttribute,
	KwRole: FlavorRole, KwRoleattribute: FlavorRoleAttribute,
	KwType: FlavorType, KwTypeattribute: FlavorTypeAttribute, KwTypealias: FlavorTypeAlias,
	KwCommon: FlavorCommon, KwClass: FlavorClass, KwClassmap: FlavorMapClass,
	KwClasspermission: FlavorClassPermission, KwBoolean: FlavorBoolean, KwTunable: FlavorTunable,
	KwSensitivity: FlavorSens, KwSensitivityalias: FlavorSensAlias,
	KwCategory: FlavorCat, KwCategoryalias: FlavorCatAlias, KwCategoryset: FlavorCatSet,
	KwSid: FlavorSID, KwContext: FlavorContext, KwLevel: FlavorLevel, KwLevelrange: FlavorLevelRange,
	KwPolicycap: FlavorPolicyCap, KwIpaddr: FlavorIPAddr, KwPermissionx: FlavorPermissionx,
}

// ParamFlavor returns the flavor of a macro's parameter by the keyword of its
// kind.
func ParamFlavor(kind Name) Flavor {
	switch kind {
	case KwType.Name():
		return FlavorType
	case KwRole.Name():
		return FlavorRole
	case KwUser.Name():
		return FlavorUser
	case KwSensitivity.Name():
		return FlavorSens
	case KwCategory.Name():
		return FlavorCat
	case KwCategoryset.Name():
		return FlavorCatSet
	case KwLevel.Name():
		return FlavorLevel
	case KwLevelrange.Name():
		return FlavorLevelRange
	case KwClass.Name():
		return FlavorClass
	case KwIpaddr.Name():
		return FlavorIPAddr
	case KwClassmap.Name():
		return FlavorMapClass
	case KwClasspermission.Name():
		return FlavorClassPermission
	case KwBoolean.Name():
		return FlavorBoolean
	case KwString.Name(), KwName.Name():
		return FlavorString
	}
	return NoFlavor
}

// reserved reports whether a name means something else where things of the flavor
// are named in expressions.
func (f Flavor) reserved(n Name) bool {
	k := Keyword(0)
	if n < Name(keywordCount) {
		k = Keyword(n)
	}
	switch f {
	case FlavorBoolean, FlavorTunable:
		if k == KwEq || k == KwNeq {
			return true
		}
	case FlavorPerm, FlavorUser, FlavorUserAttribute, FlavorRole, FlavorRoleAttribute:
		if k == KwAll {
			return true
		}
	case FlavorType, FlavorTypeAttribute, FlavorTypeAlias:
		if k == KwAll || k == KwSelf || k == KwNotself || k == KwOther {
			return true
		}
	case FlavorCat, FlavorCatSet, FlavorCatAlias, FlavorPermissionx:
		if k == KwAll || k == KwRange {
			return true
		}
	default:
		return f == FlavorClass && k == KwUnordered
	}
	return k == KwAnd || k == KwOr || k == KwNot || k == KwXor
}
