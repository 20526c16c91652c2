/* Memory that only the start needs: the code of libraries, which the page cache holds all the same. */
#include "base/mem.h"

#include <link.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

typedef ElfW(Phdr) program_header;
typedef ElfW(Dyn) dynamic_entry;

/* Of a part that relocations were written into (none on Debian) they would be lost. */
static bool has_text_relocations(const dynamic_entry *entry)
{
	for (; entry->d_tag != DT_NULL; entry++)
		if (entry->d_tag == DT_TEXTREL || (entry->d_tag == DT_FLAGS && entry->d_un.d_val & DF_TEXTREL))
			return true;
	return false;
}

static int release_object(struct dl_phdr_info *object, size_t size, void *context)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	const program_header *end = object->dlpi_phdr + object->dlpi_phnum;

	(void)size;
	(void)context;
	for (const program_header *part = object->dlpi_phdr; part < end; part++)
		if (part->p_type == PT_DYNAMIC && has_text_relocations((void *)(object->dlpi_addr + part->p_vaddr)))
			return 0;
	for (const program_header *part = object->dlpi_phdr; part < end; part++) {
		uintptr_t from = object->dlpi_addr + part->p_vaddr, to = from + part->p_memsz;

		from &= ~(page - 1);
		if (part->p_type == PT_LOAD && !(part->p_flags & PF_W))
			madvise((void *)from, to - from, MADV_DONTNEED);
	}
	return 0;
}

void mem_release_code(void)
{
	dl_iterate_phdr(release_object, NULL);
}
