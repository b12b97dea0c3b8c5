# SPDX-License-Identifier: LGPL-2.1-or-later
# Fish completion of the cgx tools and of libcgroup's names for them: each tool answers for itself.
function __cgx_complete
	set -l words (commandline -opc)
	set -l cur (commandline -ct)
	# libcgroup's own tools are never asked: what they make of the question is not known.
	string match -q '*/cgx-*' (realpath (command -s $words[1]) 2>/dev/null); or return
	for reply in ($words[1] --complete -- (count $words) $words "$cur" 2>/dev/null)
		switch $reply
			case \tfiles
				__fish_complete_path $cur
			case \tdirs
				__fish_complete_directories $cur
			case \t'command *'
				set -l first (math 1 + (string replace \t'command ' '' -- $reply))
				complete -C (string join ' ' -- (string escape -- $words[$first..]) $cur)
			case '*'
				echo $reply
		end
	end
end
for name in cgx-{ls,get,set,create,delete,move,exec,top,watch,oom-watch,sandbox,apply,save,rulesd,guard} cg{get,set,create,delete,exec,classify} lscgroup lssubsys
	complete -c $name -f -a '(__cgx_complete)'
end
