package resolve
import ("testing";"os";"seward/format/cil/syntax";"seward/format/diag")
func TestDbg(t *testing.T) {
	p := os.Getenv("CILFILE"); if p=="" {t.Skip()}
	data,_ := os.ReadFile(p)
	files, names := syntax.ParseAll([]*diag.File{diag.NewFile(p,data)}, nil)
	for _,f:=range files { if len(f.Errors)>0 {t.Log(f.Errors)}}
	db, err := Resolve(files,names,nil)
	if err!=nil {t.Log(err.(diag.List).Text(0)); return}
	for _,d:=range db.Disabled { t.Log(db.Text(d.Name), d.Reason)}
}
func TestDbg2(t *testing.T) {
	p := os.Getenv("CILFILE"); if p=="" {t.Skip()}
	data,_ := os.ReadFile(p)
	files, names := syntax.ParseAll([]*diag.File{diag.NewFile(p,data)}, nil)
	for _,s := range files[0].Stmts { t.Log(s.Keyword, s.Offset, s.Body)}
	_=names;t.Log(files[0].Bodies, files[0].Root)
}
