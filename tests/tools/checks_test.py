"""The tools that hold the rules find what they should: each is run over a small tree with one fault, and without it."""
import os
import subprocess
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class ChecksTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        subprocess.run(["git", "init", "-q", self.folder.name], check=True)
        self.write("tools/size_exceptions", "")

    def write(self, path, text):
        full = os.path.join(self.folder.name, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write(text)

    def check(self, tool):
        """(exit status, what it printed) of a tool in the small tree."""
        command = [os.path.join(ROOT, "tools", tool)]
        ran = subprocess.run(command, cwd=self.folder.name, capture_output=True, text=True, check=False)
        return ran.returncode, ran.stdout

    def assert_finds(self, tool, *places):
        status, printed = self.check(tool)
        self.assertEqual(1, status)
        self.assertEqual(sorted(places), sorted(":".join(line.split(":")[:2]) for line in printed.splitlines()))

    def assert_content(self, tool):
        self.assertEqual((0, ""), self.check(tool))

    def test_an_include_that_climbs_is_found(self):
        self.write("src/models/hall.c", '#include "models/hall.h"\n#include "core/db.h"\n')
        self.assert_content("check_layers")
        self.write("src/core/db.c", '#include <stdio.h>\n#include "models/hall.h"\n')
        self.assert_finds("check_layers", "src/core/db.c:2")

    def test_methods_and_subscriptions_know_neither_each_other_nor_their_neighbours(self):
        self.write("src/methods/hall.c", '#include "methods/hall.h"\n#include "models/hall.h"\n')
        self.assert_content("check_layers")
        self.write("src/methods/user.c", '#include "methods/hall.h"\n#include "subscriptions/hall.h"\n')
        self.assert_finds("check_layers", "src/methods/user.c:1", "src/methods/user.c:2")

    def test_the_protocol_server_is_made_of_core_alone(self):
        self.write("tests/protocol_server.c", '#include "core/loop.h"\n#include "models/hall.h"\n')
        self.assert_finds("check_layers", "tests/protocol_server.c:2")

    def test_a_function_of_71_lines_and_a_file_of_501_are_found(self):
        body = "  step();\n"
        self.write("src/core/a.c", "static void fits(void) {\n" + body * 68 + "}\n")
        self.assert_content("check_size")
        self.write("src/core/a.c", "// why\nstatic void long_one(int a,\n    int b) {\n" + body * 68 + "}\n")
        self.write("src/core/b.h", "// line\n" * 501)
        self.assert_finds("check_size", "src/core/a.c:2", "src/core/b.h:1")

    def test_a_size_exception_may_only_shrink(self):
        self.write("src/core/a.c", "static void f(void) {\n" + "  step();\n" * 78 + "}\n")
        self.write("tools/size_exceptions", "src/core/a.c f 80 a table\n")
        self.assert_content("check_size")
        self.write("tools/size_exceptions", "src/core/a.c f 90 a table\n")
        self.assert_finds("check_size", "tools/size_exceptions:1")
        self.write("tools/size_exceptions", "src/core/a.c f 80 a table\nsrc/core/a.c gone 80 a table\n")
        self.assert_finds("check_size", "tools/size_exceptions:2")

    def test_an_exported_function_without_a_user_is_found(self):
        self.write("src/core/a.h", "void a_used(void);\nvoid a_lonely(void);\nvoid a_tried(void);\nvoid a_seen(void);  // for tests\n")
        self.write("src/core/a.c", "void a_used(void) {\n}\nvoid a_lonely(void) {\n  a_lonely();\n}\n")
        self.write("src/core/b.c", "static void b(void) {\n  a_used();  // and a_lonely\n}\n")
        self.write("tests/core/a_test.c", "static void t(void) {\n  a_tried();\n  a_seen();\n}\n")
        self.assert_finds("check_single_use", "src/core/a.h:2", "src/core/a.h:3")

    def test_a_statement_that_one_database_does_not_take_is_found(self):
        self.write("migrations/0001_venue.sql", "CREATE TABLE halls (id INTEGER PRIMARY KEY, name TEXT);")
        self.write("migrations/postgres/0001_venue.sql", "CREATE TABLE halls (id BIGINT PRIMARY KEY, name TEXT);")
        forms = '#define SQL_FORMS(sqlite, postgres) "/*2*/" sqlite "\\0" postgres\n'
        self.write("src/models/a.c", 'static const char FIND[] = "SELECT id FROM halls"\n  " WHERE id = $1";\n')
        self.write("src/models/b.c", forms + 'static const char ALL[] = SQL_FORMS("SELECT id FROM halls INDEXED BY sqlite_halls",'
                   ' "SELECT id FROM halls");\n')
        self.assert_finds("check_sql", "src/models/b.c: ALL")
        self.write("src/models/b.c", forms + 'static const char ALL[] = SQL_FORMS("SELECT rowid FROM halls", "SELECT id FROM halls");\n')
        self.assert_content("check_sql")
        self.write("src/models/b.c", 'static const char ALL[] = "SELECT rowid FROM halls";\n')
        self.write("src/models/c.c", 'static const char NAME[] = "SELECT id FROM halls WHERE name = $2 AND id = $1";\n'
                   "static void find(void) { db_rows(db, NAME, sql_int(id), sql_text(name)); }\n")
        self.write("src/models/d.c", 'static const char NAME[] = "SELECT id FROM halls WHERE name = $1";\n'
                   "static void find(void) { db_rows(db, NAME, sql_int(id)); }\n")
        self.assert_finds("check_sql", "src/models/b.c: ALL", "src/models/c.c: NAME", "src/models/d.c: NAME")

    def test_words_that_have_no_place_are_found(self):
        self.write("src/core/a.c", "// TODO: batch these, because a lone call is slow\n")
        self.assert_content("check_words")
        self.write("src/core/a.c", "// " + "TO" + "DO later\nopen(\"/ho" + "me/me/x\");\n")
        self.write("src/core/string_utils.h", "")
        self.write("web/package-lock.json", '{\n"resolved": ' + '"https://example.org/a.tgz"}\n')
        self.assert_finds("check_words", "src/core/a.c:1", "src/core/a.c:2", "src/core/string_utils.h:1", "web/package-lock.json:2")

    def test_packaging_that_asks_for_what_is_not_there_is_found(self):
        names = ["packaging/compose.yaml", "packaging/haproxy.cfg", "packaging/prometheus.yaml", "packaging/alerts.yaml",
                 "packaging/Dockerfile", "packaging/grafana/foyer.json", "packaging/grafana/sources.yaml",
                 "packaging/grafana/dashboards.yaml", "docs/operations.md", "src/controllers/metrics.c", "src/core/config.h"]
        real = {}
        for name in names:
            with open(os.path.join(ROOT, name), encoding="utf-8") as file:
                real[name] = file.read()
            self.write(name, real[name])
        self.assert_content("check_packaging")
        for name, there, other, place in [
            ("packaging/grafana/foyer.json", "foyer_http_connections", "foyer_http_connection", "packaging/grafana/foyer.json:1"),
            ("packaging/alerts.yaml", "foyer_database_up ==", "foyer_database_there ==", "packaging/alerts.yaml:1"),
            ("packaging/alerts.yaml", "#foyerdown", "#foyerbehind", "packaging/alerts.yaml:1"),
            ("docs/operations.md", "### FoyerBehind", "### FoyerAhead", "docs/operations.md:1"),
            ("packaging/compose.yaml", "TRUST_PROXY:", "TRUSTED:", "packaging/compose.yaml:1"),
            ("packaging/haproxy.cfg", "foyer-b:3000", "foyer-c:3000", "packaging/haproxy.cfg:1"),
        ]:
            self.assertIn(there, real[name])
            self.write(name, real[name].replace(there, other))
            status, printed = self.check("check_packaging")
            self.assertEqual((1, {place}), (status, {":".join(line.split(":")[:2]) for line in printed.splitlines()}))
            self.write(name, real[name])


class CountResultsTest(unittest.TestCase):
    def count(self, *lines):
        ran = subprocess.run([os.path.join(ROOT, "tools/count_results")], input="\n".join(lines) + "\n", capture_output=True, text=True, check=True)
        return ran.stdout.strip()

    def test_tap_lines_are_counted_without_those_skipped(self):
        self.assertEqual("1 1", self.count("=== start a", "ok 1 - x", "not ok 2 - y", "not ok 3 # SKIP z", "=== exit 1"))

    def test_the_summary_of_node_counts_subtests_too(self):
        log = ["=== start a", "    ok 1 - inner", "ok 1 - outer", "# pass 2", "# fail 0", "# cancelled 1", "=== exit 1"]
        self.assertEqual("2 1", self.count(*log))

    def test_the_end_of_unittest_is_read(self):
        log = ["=== start a", "Ran 12 tests in 0.1s", "FAILED (failures=1, errors=2, skipped=3)", "=== exit 1"]
        self.assertEqual("6 3", self.count(*log))

    def test_a_program_that_crashes_is_one_failure(self):
        self.assertEqual("1 1", self.count("=== start a", "ok 1 - x", "=== exit 139"))

    def test_a_sanitizer_that_speaks_is_a_failure_though_the_program_ended_well(self):
        self.assertEqual("1 1", self.count("=== start a", "ok 1 - x", "a.c:3:1: runtime error: overflow", "=== exit 0"))

    def test_a_program_that_counts_nothing_counts_as_one(self):
        self.assertEqual("1 0", self.count("=== start a", "=== exit 0"))
        self.assertEqual("0 1", self.count("=== start a", "=== exit 1"))


if __name__ == "__main__":
    unittest.main()
