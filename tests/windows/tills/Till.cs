// A till in C#: Till.exe CONFIG_FILE TAG FOLDER_OF_A_NOTIFICATION. Prints what failed; the exit code counts it.
using System;
using System.IO;
using System.Text.RegularExpressions;
using System.Threading;
using System.Threading.Tasks;
using WxCoupon;

static class Till
{
    const string User = "\"openid\":\"oSandboxUser0000000000000001\"";
    static int failures;
    static string tag;

    static void Check(bool holds, string what)
    {
        if (holds) return;
        failures++;
        Console.WriteLine("FAILED: " + what);
    }

    static void Expect<E>(int status, string what, Action action) where E : WxCouponException
    {
        try { action(); Check(false, what + " did not throw"); }
        catch (E error) { Check(error.Status == status, what + ": " + error.Answer); }
        catch (Exception other) { Check(false, what + ": " + other); }
    }

    static string About(string code, string more)
    {
        return "{" + User + ",\"product_coupon_id\":\"1000000013\",\"stock_id\":\"1000000013001\",\"coupon_code\":\""
            + code + tag + "\"" + more + "}";
    }

    static string Sale(string code, string number)
    {
        return About(code, ",\"out_request_no\":\"" + tag + number + "\",\"use_time\":\"2025-08-03T12:00:00+08:00\","
            + "\"associated_order_info\":{\"transaction_id\":\"4200002812202508031234567890\"}"
            + ",\"_options\":{\"timeout_ms\":3000}");
    }

    static void Redeem(Context till)
    {
        string queried = till.Query(About("AUTO_", ""));
        Check(queried.Contains("EFFECTIVE"), "query " + queried);
        string quote = till.Quote("{\"amount\":12800,\"coupon\":" + queried + "}");
        Check(quote.Contains("\"discount\":2560"), "quote " + quote);
        Check(quote.Contains("优惠"), "Chinese out: " + quote);
        Check(till.Use(Sale("AUTO_", "_1")).Contains("USED"), "use");
        Check(till.Use(Sale("AUTO_", "_1")).Contains("\"recorded\":true"), "repeat of use");
        Expect<RefusedException>(Status.CouponState, "another number", () => till.Use(Sale("AUTO_", "_2")));
        try { till.Use(Sale("AUTO_", "_3")); }
        catch (RefusedException no) { Check(Regex.IsMatch(no.Answer, "\"cashier\":\"[^\"]*券"), "cashier " + no.Answer); }
        till.Return(About("AUTO_", ",\"out_request_no\":\"" + tag + "_R\""));
        Check(till.Query(About("AUTO_", "")).Contains("EFFECTIVE"), "returned");
        string strange = "{\"amount\":1,\"数量\":1,\"coupon\":" + queried + "}";
        Expect<MisuseException>(Status.Request, "Chinese in", () => till.Quote(strange));
        try { till.Quote(strange); }
        catch (MisuseException wrong) { Check(wrong.Answer.Contains("\"field\":\"/数量\""), "Chinese back " + wrong.Answer); }
    }

    static void List(Context till)
    {
        int found = 0, pages = 0;
        string token = "", page;
        do
        {
            page = till.List("{" + User + ",\"page_size\":2" + token + "}");
            found += Regex.Matches(page, "\"coupon_code\":").Count;
            Match next = Regex.Match(page, "\"next_page_token\":(\"[^\"]+\")");
            token = next.Success ? ",\"page_token\":" + next.Groups[1].Value : "";
        } while (token != "" && ++pages < 100);
        int total = int.Parse(Regex.Match(page, "\"total_count\":(\\d+)").Groups[1].Value);
        Check(pages > 0 && found == total, "list found " + found + " of " + total);
    }

    static void Jobs(Context till)
    {
        string answer;
        using (Job job = till.Start("query", About("AUTO_SLOW", "")))
        {
            Check(!job.Wait(0, out answer) && answer == null, "running");
            while (!job.Wait(50, out answer)) { }
            Check(answer.Contains("EFFECTIVE"), "job " + answer);
        }
        Check(till.StartAsync("query", About("AUTO_", ""), CancellationToken.None).Result.Contains("EFFECTIVE"), "task");
        Expect<MisuseException>(Status.Operation, "no operation", () => till.Start("redeem", "{}"));
        var cancel = new CancellationTokenSource(200);
        Task<string> hung = till.StartAsync("use", Sale("AUTO_HANG", "_H"), cancel.Token);
        try { hung.Wait(); Check(false, "cancelled task"); }
        catch (AggregateException all)
        {
            var doubt = all.InnerException as InDoubtException;
            Check(doubt != null && doubt.Status == Status.CancelledSent && doubt.InDoubt && !hung.IsCanceled,
                "cancelled after sending: " + all.InnerException);
        }
    }

    static void Doubt(Context till)
    {
        Expect<InDoubtException>(Status.ConnectionLost, "lost answer", () => till.Use(Sale("AUTO_LOST", "_L")));
        Check(till.Pending().Contains(tag + "_L"), "pending");
        Console.WriteLine("IN DOUBT");
        Console.ReadLine();
        // The call that was cancelled may still be ending: its row is settled by a later round.
        for (int round = 0; round < 20 && !till.Pending().Contains("\"pending\":0"); round++)
        {
            try { till.Settle(null); }
            catch (InDoubtException open) { Console.WriteLine("still open: " + open.Answer); Thread.Sleep(300); }
        }
        Check(till.Pending().Contains("\"pending\":0"), "settled " + till.Pending());
        Check(till.Query(About("AUTO_LOST", "")).Contains("\"use_request_no\":\"" + tag + "_L\""), "redeemed by it");
    }

    static void Notified(Context till, string folder)
    {
        string headers = File.ReadAllText(Path.Combine(folder, "headers.json"));
        byte[] body = File.ReadAllBytes(Path.Combine(folder, "body"));
        string opened = till.NotificationOpen(headers, body);
        Check(opened.Contains("\"coupon_code\":\"NOTIFIED_1\"") && opened.Contains("咖啡店"), "notification " + opened);
        body[body.Length - 1] ^= 1;
        Expect<RefusedException>(Status.NotificationUntrusted, "forged notification",
            () => till.NotificationOpen(headers, body));
    }

    static void Rest(Context till, string config)
    {
        till.Update(config);
        till.Warm();
        Check(till.Check(null).Contains("all_ok"), "check");
        Check(till.Check("{\"online\":true}").Contains("all_ok"), "check online");
        till.Call("query", About("AUTO_", ""));
        Expect<RefusedException>(Status.NotFound, "request", () => till.Request("GET", "/v3/nowhere", null));
        Expect<MisuseException>(Status.Request, "send", () => till.Send("{}"));
        Expect<MisuseException>(Status.Request, "confirm", () => till.Confirm("{}"));
        Expect<MisuseException>(Status.Request, "deactivate", () => till.Deactivate("{}"));
        Expect<MisuseException>(Status.Null, "null", () => till.Query(null));
        Expect<LocalException>(Status.Config, "config", () => new Context("{}"));
        foreach (string text in new[] { "{\0}", "{\"\ud800\":1}" })
        {
            try { till.Query(text); Check(false, "no text"); }
            catch (ArgumentException) { }
        }
    }

    static int Main(string[] arguments)
    {
        string config = File.ReadAllText(arguments[0]), logged = "";
        tag = arguments[1];
        Library.Check();
        Check(Library.Version == "0.1.0", "version");
        Check(Library.StatusName(1002) == "WXCOUPON_E_HANDLE", "status name");
        Log.Set((level, text) => { lock (typeof(Till)) logged += text; throw new InvalidOperationException(); }, LogLevel.Debug);
        var till = new Context(config);
        Redeem(till);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        List(till);
        Jobs(till);
        Doubt(till);
        Notified(till, arguments[2]);
        Rest(till, config);
        Check(logged.Contains("query"), "log " + logged);
        Log.Set(null, LogLevel.Off);
        till.Dispose();
        try { till.Pending(); Check(false, "disposed"); }
        catch (ObjectDisposedException) { }
        Check(Library.HandlesLive == 0, "handles live: " + Library.HandlesLive);
        Console.WriteLine(failures == 0 ? "ALL HOLDS" : "FAILED " + failures);
        return failures;
    }
}
