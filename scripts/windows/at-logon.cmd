@echo off
rem at-logon tcp:ADDRESS:PORT KEY   starts the agent at each logon of this user
rem at-logon off                    no more
setlocal
set "FILE=%APPDATA%\Microsoft\Windows\Start Menu\Programs\Startup\landbridge.cmd"
if /i "%~1"=="off" goto off
if "%~2"=="" goto usage
echo @start "Landbridge" /min "%~dp0landbridge.exe" agent --listen "%~1" --key "%~f2">"%FILE%"
if not exist "%FILE%" exit /b 1
exit /b 0
:off
del "%FILE%"
exit /b 0
:usage
echo usage: at-logon tcp:ADDRESS:PORT KEY, or: at-logon off
exit /b 1
