@echo off
rem Starts Riskflow on the Node that the project pins (a dev dependency), whatever Node the machine has.
setlocal
set "ROOT=%~dp0"
set "PINNED=%ROOT%node_modules\node\bin\node.exe"
if not exist "%PINNED%" (
  echo riskflow: not installed yet: run "npm ci --ignore-scripts=false" in %ROOT% 1>&2
  exit /b 1
)
if not defined NODE_COMPILE_CACHE set "NODE_COMPILE_CACHE=%ROOT%node_modules\.cache\riskflow\compiled"
"%PINNED%" --disable-warning=ExperimentalWarning --max-semi-space-size=4 --heap-growing-percent=100 "%ROOT%cli\main.ts" %*
exit /b %ERRORLEVEL%
