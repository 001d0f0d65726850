/** Modules of some Python's standard library that cannot be imported in Pyodide 314 (all were tried). */
export const PYODIDE_LACKS: ReadonlySet<string> = new Set(
  (
    'aifc asynchat asyncore audioop binhex cgi cgitb chunk crypt curses dbm distutils ensurepip formatter grp imghdr imp lib2to3 mailcap msilib ' +
    'msvcrt nis nntplib nt ossaudiodev parser pipes pwd pydoc_data readline resource smtpd sndhdr spwd sunau symbol syslog telnetlib tkinter turtle ' +
    'turtledemo uu venv winreg winsound xdrlib'
  ).split(' '),
);
