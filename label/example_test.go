package label_test

import (
	"fmt"

	"seward/label"
)

func Example() {
	specs, err := label.ParseFileContexts("file_contexts", []byte(`
/.*                 system_u:object_r:default_t
/srv/www(/.*)?      system_u:object_r:www_t
/srv/www/cgi/.+  -- system_u:object_r:www_script_t
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, path := range []string{"/srv/www/index.html", "/srv/www/cgi/form", "/srv/wwwx"} {
		context, _ := specs.Lookup(path, label.ModeRegular)
		fmt.Println(path, context)
	}
	// Output:
	// /srv/www/index.html system_u:object_r:www_t
	// /srv/www/cgi/form system_u:object_r:www_script_t
	// /srv/wwwx system_u:object_r:default_t
}
