{ A till in Object Pascal: till CONFIG_FILE TAG FOLDER_OF_A_NOTIFICATION. Prints what failed; the exit code counts it. }
program Till;

{$MODE DELPHI}{$H+}{$CODEPAGE UTF8}

uses
  {$IFDEF UNIX}cthreads, cwstring, {$ENDIF}SysUtils, Math, WxCoupon;

const
  User = '"openid":"oSandboxUser0000000000000001"';
  Traps = [exInvalidOp, exZeroDivide, exOverflow];

var
  Failures: Integer = 0;
  Tag: string;
  Logged: string;
  Shop: TWxContext;
  Refusal: string;
  RefusedAs: EWxCouponClass;
  RefusedStatus: Integer;
  Zero: Double = 0;

procedure Check(Holds: Boolean; const What: string);
begin
  if Holds then
    Exit;
  Inc(Failures);
  WriteLn('FAILED: ', What);
end;

function Has(const Part, Whole: string): Boolean;
begin
  Result := Pos(Part, Whole) > 0;
end;

procedure Sink(UserData: Pointer; Level: Integer; Message: PAnsiChar; MessageLen: Cardinal); cdecl;
begin
  Logged := Logged + string(AnsiString(Message));
  Check(GetExceptionMask * Traps = [], 'the sink has the program''s traps');
end;

function About(const Code, More: string): string;
begin
  Result := '{' + User + ',"product_coupon_id":"1000000013","stock_id":"1000000013001","coupon_code":"' + Code + Tag
    + '"' + More + '}';
end;

function Sale(const Code, Number: string): string;
begin
  Result := About(Code, ',"out_request_no":"' + Tag + Number + '","use_time":"2025-08-03T12:00:00+08:00",'
    + '"associated_order_info":{"transaction_id":"4200002812202508031234567890"},"later":0.1'
    + ',"_options":{"timeout_ms":3000}');
end;

type
  TAsk = function(const Json: string): string of object;

procedure Expect(Kind: EWxCouponClass; Status: Integer; Ask: TAsk; const Json: string);
begin
  RefusedAs := nil;
  RefusedStatus := 0;
  Refusal := '';
  try
    Refusal := Ask(Json);
  except
    on Error: EWxCoupon do
    begin
      RefusedAs := EWxCouponClass(Error.ClassType);
      RefusedStatus := Error.Status;
      Refusal := Error.Answer;
    end;
  end;
  Check((RefusedAs = Kind) and (RefusedStatus = Status), 'expected ' + IntToStr(Status) + ': ' + Refusal);
end;

procedure StillTraps;
var
  Raised: Boolean;
begin
  Raised := False;
  try
    if 1.0 / Zero > 2 then
      Zero := 0;
  except
    on EZeroDivide do
      Raised := True;
  end;
  Check(Raised and (GetExceptionMask * Traps = []), 'floating-point exceptions are unmasked');
end;

procedure Redeem;
var
  Queried, Quote: string;
begin
  Queried := Shop.Query(About('AUTO_', ''));
  Check(Has('EFFECTIVE', Queried), 'query ' + Queried);
  Quote := Shop.Quote('{"amount":12800,"coupon":' + Queried + '}');
  Check(Has('"discount":2560', Quote) and Has('优惠', Quote), 'quote ' + Quote);
  Check(Has('USED', Shop.Use(Sale('AUTO_', '_1'))), 'use');
  Check(Has('"recorded":true', Shop.Use(Sale('AUTO_', '_1'))), 'repeat of use');
  Expect(EWxRefused, WXCOUPON_E_COUPON_STATE, Shop.Use, Sale('AUTO_', '_2'));
  Check(Has('"cashier":"', Refusal) and Has('券', Refusal), 'cashier ' + Refusal);
  Shop.GiveBack(About('AUTO_', ',"out_request_no":"' + Tag + '_R"'));
  Check(Has('EFFECTIVE', Shop.Query(About('AUTO_', ''))), 'returned');
  Expect(EWxMisuse, WXCOUPON_E_REQUEST, Shop.Quote, '{"amount":1,"数量":1,"coupon":' + Queried + '}');
  Check(Has('"field":"/数量"', Refusal), 'Chinese back ' + Refusal);
end;

function Between(const From, Until_, Text: string): string;
var
  Start: Integer;
begin
  Result := '';
  Start := Pos(From, Text);
  if Start = 0 then
    Exit;
  Result := Copy(Text, Start + Length(From), MaxInt);
  Result := Copy(Result, 1, Pos(Until_, Result) - 1);
end;

procedure List;
var
  Page, Rest, Token: string;
  Found, Pages: Integer;
begin
  Found := 0;
  Pages := 0;
  Token := '';
  repeat
    Page := Shop.List('{' + User + ',"page_size":2' + Token + '}');
    Rest := Page;
    while Has('"coupon_code":', Rest) do
    begin
      Inc(Found);
      Delete(Rest, 1, Pos('"coupon_code":', Rest) + 10);
    end;
    Token := Between('"next_page_token":"', '"', Page);
    if Token <> '' then
      Token := ',"page_token":"' + Token + '"';
    Inc(Pages);
  until (Token = '') or (Pages > 100);
  Check((Pages > 1) and Has('"total_count":' + IntToStr(Found), Page), 'list found ' + IntToStr(Found));
end;

procedure Jobs;
var
  Job: TWxJob;
  Answer: string;
begin
  Job := Shop.Start('query', About('AUTO_SLOW', ''));
  try
    Check(not Job.Wait(0, Answer), 'running');
    while not Job.Wait(50, Answer) do
      ;
    Check(Has('EFFECTIVE', Answer), 'job ' + Answer);
    Job.Cancel;
  finally
    Job.Free;
  end;
end;

procedure Doubt;
begin
  Expect(EWxInDoubt, WXCOUPON_E_CONNECTION_LOST, Shop.Use, Sale('AUTO_LOST', '_L'));
  Check(Has(Tag + '_L', Shop.Pending), 'pending');
  WriteLn('IN DOUBT');
  Flush(Output);
  ReadLn;
  Shop.Settle('');
  Check(Has('"pending":0', Shop.Pending), 'settled ' + Shop.Pending);
  Check(Has('"use_request_no":"' + Tag + '_L"', Shop.Query(About('AUTO_LOST', ''))), 'redeemed by it');
end;

function Nowhere(const Json: string): string;
begin
  Result := Shop.Request('GET', '/v3/nowhere', Json);
end;

{ The bytes of a file, whatever they are. }
function ReadAll(const Name: string): RawByteString;
var
  Source: file;
begin
  Assign(Source, Name);
  Reset(Source, 1);
  SetLength(Result, FileSize(Source));
  BlockRead(Source, Result[1], Length(Result));
  Close(Source);
end;

procedure Notified(const Folder: string);
var
  Headers: string;
  Body: RawByteString;
  Opened: string;
begin
  Headers := ReadAll(Folder + '/headers.json');
  Body := ReadAll(Folder + '/body');
  Opened := Shop.NotificationOpen(Headers, Body[1], Length(Body));
  Check(Has('"coupon_code":"NOTIFIED_1"', Opened) and Has('咖啡店', Opened), 'notification ' + Opened);
  Body[Length(Body)] := ' ';
  try
    Shop.NotificationOpen(Headers, Body[1], Length(Body));
    Check(False, 'forged notification');
  except
    on Error: EWxRefused do
      Check(Error.Status = WXCOUPON_E_NOTIFICATION_UNTRUSTED, 'forged notification ' + Error.Answer);
  end;
end;

procedure Rest(const Config: string);
begin
  Shop.Update(Config);
  Shop.Warm;
  Check(Has('all_ok', Shop.Check('')) and Has('all_ok', Shop.Check('{"online":true}')), 'check');
  Shop.Call('query', About('AUTO_', ''));
  Expect(EWxMisuse, WXCOUPON_E_REQUEST, Shop.Send, '{}');
  Expect(EWxMisuse, WXCOUPON_E_REQUEST, Shop.Confirm, '{}');
  Expect(EWxMisuse, WXCOUPON_E_REQUEST, Shop.Deactivate, '{}');
  try
    Nowhere('');
    Check(False, 'request');
  except
    on Error: EWxRefused do
      Check(Error.Status = WXCOUPON_E_NOT_FOUND, 'request ' + Error.Answer);
  end;
  try
    TWxContext.Create('{}').Free;
    Check(False, 'config');
  except
    on Error: EWxLocal do
      Check(Error.Status = WXCOUPON_E_CONFIG, 'config');
  end;
end;

var
  Config: string;
begin
  DefaultSystemCodePage := CP_UTF8;
  SetExceptionMask([exDenormalized, exUnderflow, exPrecision]);
  StillTraps;
  Config := ReadAll(ParamStr(1));
  Tag := ParamStr(2);
  Check(WxVersion = '0.1.0', 'version');
  Check(WxStatusName(1002) = 'WXCOUPON_E_HANDLE', 'status name');
  WxLogSet(Sink, nil, WXCOUPON_LOG_DEBUG);
  Shop := TWxContext.Create(Config);
  Redeem;
  List;
  Jobs;
  Doubt;
  Notified(ParamStr(3));
  Rest(Config);
  StillTraps;
  Check(Has('query', Logged), 'log ' + Logged);
  WxLogSet(nil, nil, WXCOUPON_LOG_OFF);
  Shop.Close;
  Expect(EWxMisuse, WXCOUPON_E_HANDLE, Shop.Query, About('AUTO_', ''));
  Shop.Free;
  Check(wxcoupon_handles_live() = 0, 'handles live');
  if Failures = 0 then
    WriteLn('ALL HOLDS');
  Halt(Failures);
end.
