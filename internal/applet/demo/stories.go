package demo

// The stories. The scripts story_*.txtar of the command's tests and docs/tutorial.md
// tell the same ones.

func food() Story {
	return Story{
		Name:   "food",
		Title:  "The dog's food and the cat's",
		Policy: "pets",
		Intro: "Everything has a label, and the label that counts most is its type. A policy lists which type " +
			"may do what to which; what isn't listed is refused. This one says: (allow dog dog_chow (food (eat))). " +
			"No kernel knows a permission \"eat\"; the keeper of the bowls is a program that asks the security " +
			"server, as the kernel does for files.",
		Files: []File{
			{Path: "dog.txt", Text: "meat\n", Label: "dog_chow"},
			{Path: "cat.txt", Text: "fish\n", Label: "cat_chow"},
		},
		Steps: []Step{
			{
				Say: "The dog comes to its own bowl.",
				Ask: &Question{"the dog", "dog", "dog_chow", "dog chow"},
			},
			{
				Say:  "It smells the cat's.",
				Ask:  &Question{"the dog", "dog", "cat_chow", "cat chow"},
				Want: Refused,
			},
			{
				Say: "Now the same with a real process in the domain dog: food is a file, and to eat is to read.",
				Run: &Attempt{Type: "dog", Argv: []string{"cat", "dog.txt"}},
			},
			{
				Say:  "And the cat's food.",
				Run:  &Attempt{Type: "dog", Argv: []string{"cat", "cat.txt"}},
				Want: Refused,
			},
		},
		Moral: "This is type enforcement. The program cat is the same and so is its user; the label decides.",
	}
}

func categories() Story {
	return Story{
		Name:   "categories",
		Title:  "Fido and Spot",
		Policy: "pets",
		Intro: "Both are dogs: one type, one set of rules. To keep their bowls apart each has a category at the end " +
			"of its label, c1 and c2, and a constraint says that an eater must have all the categories of the bowl.",
		Files: []File{
			{Path: "fido.txt", Text: "Fido's dinner\n", Label: "dog_chow:s0:c1"},
			{Path: "spot.txt", Text: "Spot's dinner\n", Label: "dog_chow:s0:c2"},
		},
		Steps: []Step{
			{
				Say: "Fido comes to Fido's bowl.",
				Ask: &Question{"Fido", "dog:s0:c1", "dog_chow:s0:c1", "Fido's bowl"},
			},
			{
				Say:  "Fido comes to Spot's.",
				Ask:  &Question{"Fido", "dog:s0:c1", "dog_chow:s0:c2", "Spot's bowl"},
				Want: Refused,
			},
			{
				Say: "A process of Fido's reads Fido's file.",
				Run: &Attempt{Type: "dog", Level: "s0:c1", Argv: []string{"cat", "fido.txt"}},
			},
			{
				Say:  "And Spot's.",
				Run:  &Attempt{Type: "dog", Level: "s0:c1", Argv: []string{"cat", "spot.txt"}},
				Want: Refused,
			},
		},
		Moral: "Categories keep apart what has the same type, without a new rule for each dog.",
	}
}

func dominance() Story {
	return Story{
		Name:   "dominance",
		Title:  "The Greyhound and the Chihuahua",
		Policy: "pets",
		Intro: "Before the categories stands a sensitivity: s0, s1, s2 and so on, each above the last. The Greyhound " +
			"is at s2 and the Chihuahua at s1. A level dominates another if it is no lower and has all its categories.",
		Files: []File{
			{Path: "big.txt", Text: "a big bone\n", Label: "dog_chow:s2"},
			{Path: "small.txt", Text: "a small biscuit\n", Label: "dog_chow:s1"},
		},
		Steps: []Step{
			{
				Say: "The Greyhound finishes the Chihuahua's bowl.",
				Ask: &Question{"the Greyhound", "dog:s2", "dog_chow:s1", "the Chihuahua's bowl"},
			},
			{
				Say:  "The Chihuahua would choke on the Greyhound's.",
				Ask:  &Question{"the Chihuahua", "dog:s1", "dog_chow:s2", "the Greyhound's bowl"},
				Want: Refused,
			},
			{
				Say: "A process at s2 reads a file at s1.",
				Run: &Attempt{Type: "dog", Level: "s2", Argv: []string{"cat", "small.txt"}},
			},
			{
				Say:  "A process at s1 reads a file at s2.",
				Run:  &Attempt{Type: "dog", Level: "s1", Argv: []string{"cat", "big.txt"}},
				Want: Refused,
			},
		},
		Moral: "Dominance has a direction; categories alone have none. Together they are a level.",
	}
}

func webserver() Story {
	return Story{
		Name:  "webserver",
		Title: "A web server and the database's files",
		Intro: "A web server has a hole, and somebody on the other side of the world types commands into it. " +
			"What can that person read? Whatever the domain webserver_t may read, whichever user it runs as.",
		Files: []File{
			{Path: "index.html", Text: "Welcome\n", Label: "webserver_content_t"},
			{Path: "orders.db", Mode: 0o666, Text: "card 4000 1234\n", Label: "database_data_t"},
			{
				Path: "webserver", Mode: 0o755, Label: "webserver_exec_t",
				Text: "#!/bin/sh\nexec cat \"$@\"\n",
			},
		},
		Steps: []Step{
			{
				Say: "You start the web server. You are unconfined_t; its program has the type webserver_exec_t, and " +
					"running that leads into webserver_t. It reads its page.",
				Run: &Attempt{Argv: []string{"./webserver", "index.html"}},
			},
			{
				Say:  "Now it is made to read the database's file. The mode is 0666: anybody may.",
				Run:  &Attempt{Argv: []string{"./webserver", "orders.db"}},
				Want: Refused,
			},
			{
				Say: "You, the same user, read the same file outside that domain.",
				Run: &Attempt{Argv: []string{"cat", "orders.db"}},
			},
		},
		Moral: "There is no rule between webserver_t and database_data_t, and a promise in the base policy " +
			"(kernel/guard.cil) refuses to compile one. Being root would change nothing.",
	}
}

func containers() Story {
	return Story{
		Name:  "containers",
		Title: "Two containers of one type",
		Intro: "Every container runs in container_t and its files are container_file_t; the engine gives each a pair " +
			"of categories that no other has.",
		Files: []File{
			{Path: "one/", Label: "container_file_t:s0:c1,c2"},
			{Path: "one/note", Text: "one's note\n", Label: "container_file_t:s0:c1,c2"},
			{Path: "two/", Label: "container_file_t:s0:c3,c4"},
			{Path: "two/note", Text: "two's note\n", Label: "container_file_t:s0:c3,c4"},
			{Path: "shared/", Label: "container_file_t:s0"},
			{Path: "shared/note", Text: "a volume for both\n", Label: "container_file_t:s0"},
			{Path: "host.txt", Text: "the host's letter\n", Label: "user_home_t"},
		},
		Steps: []Step{
			{
				Say: "The first container reads its own file.",
				Run: &Attempt{Type: "container_t", Level: "s0:c1,c2", Argv: []string{"cat", "one/note"}},
			},
			{
				Say:  "It reaches for the second one's.",
				Run:  &Attempt{Type: "container_t", Level: "s0:c1,c2", Argv: []string{"cat", "two/note"}},
				Want: Refused,
			},
			{
				Say: "A shared volume has no categories: both may.",
				Run: &Attempt{Type: "container_t", Level: "s0:c3,c4", Argv: []string{"cat", "shared/note"}},
			},
			{
				Say:  "The host's files have another type altogether.",
				Run:  &Attempt{Type: "container_t", Level: "s0:c3,c4", Argv: []string{"cat", "host.txt"}},
				Want: Refused,
			},
		},
		Moral: "The type keeps containers from the host, the categories from each other.",
	}
}

func servers() Story {
	return Story{
		Name:   "topsecret",
		Title:  "The Secret server and the Top Secret one",
		Policy: "servers",
		Intro: "Two web servers of one type, at secret (s2) and topsecret (s3). A line in the story's module binds " +
			"webserver_t to its sensitivity: it reads at its level and below, and writes at its level only.",
		Files: []File{
			{Path: "menu.html", Text: "canteen: soup\n", Label: "webserver_content_t:s2"},
			{Path: "plans.html", Text: "the invasion is on Tuesday\n", Label: "webserver_content_t:s3"},
			{Path: "out/", Label: "webserver_upload_t:s2"},
		},
		Steps: []Step{
			{
				Say: "The Top Secret server reads Secret's menu: reading down.",
				Run: &Attempt{Type: "webserver_t", Level: "s3", Argv: []string{"cat", "menu.html"}},
			},
			{
				Say:  "The Secret server reads Top Secret's plans: reading up.",
				Run:  &Attempt{Type: "webserver_t", Level: "s2", Argv: []string{"cat", "plans.html"}},
				Want: Refused,
			},
			{
				Say:  "The Top Secret server copies its plans to where Secret could read them: writing down.",
				Run:  &Attempt{Type: "webserver_t", Level: "s3", Argv: []string{"cp", "plans.html", "out/leak"}},
				Want: Refused,
			},
		},
		Moral: "No rule says who trusts whom; the levels do, for every file there will ever be.",
	}
}

func labels() Story {
	return Story{
		Name:   "labels",
		Title:  "Where a new file's label comes from",
		Policy: "scribe",
		Intro: "The scribe is a service confined by one line, (blockinherit service), which gives it a domain and " +
			"types for its data, logs and temporary files.",
		Files: []File{
			{Path: "data/", Mode: 0o777, Label: "scribe.data"},
			{Path: "tmp/", Mode: 0o777, Label: "tmp_t"},
		},
		Steps: []Step{
			{
				Say: "It writes into its own directory: no rule says otherwise, so the file inherits the directory's type.",
				Run: &Attempt{Type: "scribe.process", Argv: []string{"sh", "-c", "echo notes >data/notes && ls -Z data/notes"}},
			},
			{
				Say: "In a directory for temporary files a type transition gives the file the scribe's own type.",
				Run: &Attempt{Type: "scribe.process", Argv: []string{"sh", "-c", "echo draft >tmp/draft && ls -Z tmp/draft"}},
			},
			{
				Say: "And one name has a rule to itself: what is called sealed becomes a letter.",
				Run: &Attempt{Type: "scribe.process", Argv: []string{"sh", "-c", "echo dear you >data/sealed && ls -Z data/sealed"}},
			},
			{
				Say:  "A letter is written once; not even the scribe may read it.",
				Run:  &Attempt{Type: "scribe.process", Argv: []string{"cat", "data/sealed"}},
				Want: Refused,
			},
		},
		Moral: "Files are labelled as they come into being, by the policy. Programs needn't know that there is one.",
	}
}

func permissive() Story {
	return Story{
		Name:   "permissive",
		Title:  "A domain on trial",
		Policy: "trial",
		Intro: "Nobody knows yet what the new service trial needs. Its domain is permissive: what goes beyond its " +
			"rules is recorded and let through. Everything else stays enforced.",
		Files: []File{
			{Path: "letter.txt", Text: "dear diary\n", Label: "admin_home_t"},
		},
		Steps: []Step{
			{
				Say:  "The service on trial reads root's letter.",
				Run:  &Attempt{Type: "trial.process", Argv: []string{"cat", "letter.txt"}},
				Want: Recorded,
			},
			{
				Say:  "The web server tries the same.",
				Run:  &Attempt{Type: "webserver_t", Argv: []string{"cat", "letter.txt"}},
				Want: Refused,
			},
		},
		Moral: "One line, (typepermissive trial.process), and no need to make the whole machine permissive.",
	}
}

func dac() Story {
	return Story{
		Name:  "modes",
		Title: "File modes first, then the policy",
		Intro: "The old permissions still stand: owner, group and others are asked first. What they refuse never " +
			"reaches the policy, and so leaves no record.",
		Files: []File{
			{Path: "locked.txt", Mode: 0o200, Text: "nobody reads this\n", Label: "database_data_t"},
			{Path: "open.txt", Mode: 0o644, Text: "everybody reads this, but for the policy\n", Label: "database_data_t"},
		},
		Steps: []Step{
			{
				Say:  "The web server, without a capability, tries a file that its mode lets nobody read.",
				Run:  &Attempt{Type: "webserver_t", Argv: []string{"cat", "locked.txt"}, Nobody: true},
				Want: RefusedByMode,
			},
			{
				Say:  "The mode of the next file is 0644: now the policy is asked.",
				Run:  &Attempt{Type: "webserver_t", Argv: []string{"cat", "open.txt"}, Nobody: true},
				Want: Refused,
			},
		},
		Moral: "Both say \"Permission denied\". A record means that the policy refused; no record, that the mode did.",
	}
}
