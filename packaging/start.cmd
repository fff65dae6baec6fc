@echo off
rem WeChat Pay on this machine: a simulator, no real money. Keys, configuration and state lie in the folder
rem "sandbox" beside this file; the console opens in the browser. Options: see README.md.
title wxcoupon sandbox
cd /d "%~dp0"
wxcoupon-sandbox.exe --dir sandbox --state sandbox\state.json --open %*
if errorlevel 1 pause
