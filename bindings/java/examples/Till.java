import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.Vector;
import wxcoupon.WxCoupon;

/**
 * Everything a till does, against a sandbox: Till CONFIG [FOLDER]. Ends with "all done", or with an exception.
 *
 * <p>The folder, if any, has a notification: headers.json and body, as a web server got them. JSON is Gson's. To see an
 * answer that is lost, and a question that takes its time, start the sandbox with {@code --fault
 * process_then_hang,on=use,coupon=AUTO_LOST,times=1 --fault delay,ms=500,on=query,coupon=AUTO_SLOW}
 */
public final class Till {
    private static final PrintStream OUT = utf8();
    /** Numbers and coupons of this run. */
    private static final String RUN = Long.toHexString(System.currentTimeMillis()).toUpperCase();
    private final WxCoupon.Context till;

    private Till(WxCoupon.Context till) {
        this.till = till;
    }

    private static PrintStream utf8() {
        try {
            return new PrintStream(System.out, true, "UTF-8");
        } catch (java.io.UnsupportedEncodingException impossible) {
            throw new AssertionError(impossible);
        }
    }

    private static JsonObject read(String json) {
        return JsonParser.parseString(json).getAsJsonObject();
    }

    private static JsonObject data(String json) {
        return read(json).getAsJsonObject("data");
    }

    private static String state(String json) {
        return data(json).get("coupon_state").getAsString();
    }

    private static String text(JsonObject object, String name) {
        return object.get(name).getAsString();
    }

    private static JsonObject coupon(String code) {
        JsonObject coupon = new JsonObject();
        coupon.addProperty("openid", "oSandboxUser0000000000000001");
        coupon.addProperty("product_coupon_id", "1000000013");
        coupon.addProperty("stock_id", "1000000013001");
        if (code != null) {
            coupon.addProperty("coupon_code", code);
        }
        return coupon;
    }

    private static String with(JsonObject object, String... members) {
        for (int at = 0; at < members.length; at += 2) {
            object.addProperty(members[at], members[at + 1]);
        }
        return object.toString();
    }

    private static JsonObject sale(String code, String number) {
        JsonObject sale = coupon(code);
        with(sale, "out_request_no", number, "use_time", "2025-08-03T12:00:00+08:00");
        JsonObject order = new JsonObject();
        order.addProperty("transaction_id", "4200002812202508031234567890");
        sale.add("associated_order_info", order);
        return sale;
    }

    private static void that(boolean holds, Object otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }

    private static WxCoupon.Failure expect(Class<? extends WxCoupon.Failure> kind, int status, Runnable run) {
        try {
            run.run();
        } catch (WxCoupon.Failure failure) {
            that(failure.getClass() == kind && failure.status == status, failure);
            that(failure.name.equals(WxCoupon.statusName(status)), failure);
            return failure;
        }
        throw new AssertionError("no " + kind);
    }

    private void redeem() {
        String question = coupon("AUTO_" + RUN).toString();
        String answer = till.query(question);
        that(state(answer).equals("EFFECTIVE"), answer);
        JsonObject worth = data(till.quote("{\"coupon\": " + answer + ", \"amount\": 12800}"));
        // The cashier's text names what was not checked, too. An order of 0 does not exist.
        System.out.println("cashier: " + worth.get("cashier").getAsString());
        that(worth.get("usable").getAsBoolean() && worth.get("unchecked").getAsJsonArray().isEmpty(), worth);
        that(worth.get("discount").getAsInt() == 2560 && worth.get("payable").getAsInt() == 10240, worth);

        String paid = sale("AUTO_" + RUN, "JAVA_SALE_1_" + RUN).toString();
        String first = till.use(paid);
        that(state(first).equals("USED") && !read(first).has("recorded"), first);
        String again = till.use(paid);
        that(read(again).get("recorded").getAsBoolean() && data(again).equals(data(first)), again);

        String used = sale("SBX_USED", "JAVA_SALE_2_" + RUN).toString();
        WxCoupon.Failure failure =
                expect(WxCoupon.Refused.class, WxCoupon.E_COUPON_STATE, () -> till.use(used));
        JsonObject refusal = read(failure.answer);
        that(text(refusal, "cashier").equals("优惠券已被使用") && refusal.has("hint"), refusal);
        OUT.print("cashier: " + text(refusal, "cashier") + "\n");

        String back = till.returnCoupon(with(coupon("AUTO_" + RUN), "out_request_no", "JAVA_RETURN_1_" + RUN));
        that(state(back).equals("EFFECTIVE"), back);
    }

    private void send() {
        String sent;
        try {
            sent = till.send(with(coupon(null), "send_request_no", "JAVA_SEND_1_" + RUN, "attach", "柜台三号"));
        } catch (WxCoupon.Refused refusal) {
            // A customer gets one coupon of this stock, and has it from an earlier run.
            that(read(refusal.answer).getAsJsonObject("wechat").get("subcode").getAsInt() == 272756740, refusal);
            return;
        }
        String code = text(data(sent), "coupon_code");
        String confirmed = till.confirm(with(coupon(code), "out_request_no", "JAVA_CONFIRM_1_" + RUN));
        that(state(confirmed).equals("EFFECTIVE"), confirmed);
        String gone = till.deactivate(with(
                coupon(code), "out_request_no", "JAVA_DEACTIVATE_1_" + RUN, "deactivate_reason", "顾客退货"));
        that(state(gone).equals("DEACTIVATED"), gone);
    }

    private void pages() {
        Set<String> codes = new HashSet<>();
        JsonObject request = new JsonObject();
        request.addProperty("openid", "oSandboxPages000000000000001");
        request.addProperty("page_size", 20);
        JsonObject page;
        do {
            page = data(till.list(request.toString()));
            for (JsonElement listed : page.getAsJsonArray("user_coupon_list")) {
                that(codes.add(text(listed.getAsJsonObject(), "coupon_code")), listed);
            }
            request.add("page_token", page.get("next_page_token"));
        } while (page.has("next_page_token"));
        that(codes.size() == 25, codes);
    }

    private void jobs() {
        String slow = coupon("AUTO_SLOW").toString();
        try (WxCoupon.Job job = till.start("query", slow)) {
            String answer = job.await(0);
            OUT.print("job: " + (answer == null ? "running" : "done at once") + "\n");
            while (answer == null) {
                answer = job.await(50);
            }
            that(text(data(answer), "coupon_code").equals("AUTO_SLOW"), answer);
        }
        WxCoupon.Job job = till.start("query", slow);
        job.cancel();
        try {
            that(job.await(5000) != null, "it ends");
        } catch (WxCoupon.NotSent calledOff) {
            // A question that was called off took no effect; one that was answered meanwhile has its answer.
            that(!calledOff.inDoubt, calledOff);
        }
        job.close();
        expect(WxCoupon.Misuse.class, WxCoupon.E_HANDLE, () -> job.await(0));
        expect(WxCoupon.Misuse.class, WxCoupon.E_OPERATION, () -> till.start("不存在", "{}"));
    }

    private void doubt() {
        String number = "JAVA_LOST_1_" + RUN;
        JsonObject lost = sale("AUTO_LOST_JAVA_" + RUN, number);
        JsonObject options = new JsonObject();
        options.addProperty("timeout_ms", 700);
        lost.add("_options", options);
        try {
            till.use(lost.toString());
            OUT.print("answer: not lost\n");
        } catch (WxCoupon.InDoubt doubt) {
            that(doubt.status == WxCoupon.E_ANSWER_TIMEOUT && doubt.inDoubt, doubt);
            String waiting = till.pending();
            that(data(waiting).getAsJsonArray("requests").size() == 1 && waiting.contains(number), waiting);
            OUT.print("answer: lost, and settled\n");
        }
        that(data(till.settle(null)).get("pending").getAsInt() == 0, "everything is known");
        that(state(till.settle("{\"out_request_no\": \"" + number + "\"}")).equals("USED"), "redeemed");
    }

    private void everythingElse() {
        String echo = till.request("POST", "/v3/security/echo", "{\"echo_message\": \"收银台：谢谢惠顾\"}");
        that(text(data(echo), "echo_message").equals("收银台：谢谢惠顾"), echo);
        that(state(till.call("query", coupon("AUTO_CALL").toString())).equals("EFFECTIVE"), "by name");
        that(read(till.warm()).get("ok").getAsBoolean(), "warm");
        that(till.stats(null).contains("\"operation\":\"warm\""), "stats");
        for (boolean online : new boolean[] {false, true}) {
            for (JsonElement line : data(till.check(online)).getAsJsonArray("lines")) {
                JsonObject looked = line.getAsJsonObject();
                // A configuration that names no file for the journal is pointed out.
                that(looked.get("ok").getAsBoolean() || text(looked, "name").equals("journal"), looked);
            }
        }
        byte[] forged = "{\0伪造}".getBytes(StandardCharsets.UTF_8);
        expect(WxCoupon.Refused.class, WxCoupon.E_NOTIFICATION_UNTRUSTED,
                () -> till.openNotification("{\"Wechatpay-Serial\": \"0\"}", forged));
    }

    private void notified(Path folder) throws Exception {
        String headers = new String(Files.readAllBytes(folder.resolve("headers.json")), StandardCharsets.UTF_8);
        byte[] body = Files.readAllBytes(folder.resolve("body"));
        JsonObject resource = data(till.openNotification(headers, body)).getAsJsonObject("resource");
        that(text(resource, "coupon_code").equals("NOTIFIED_1"), resource);
        that(text(resource, "brand_name").equals("咖啡店"), resource);
        byte[] longer = Arrays.copyOf(body, body.length + 1);
        expect(WxCoupon.Refused.class, WxCoupon.E_NOTIFICATION_UNTRUSTED,
                () -> till.openNotification(headers, longer));
    }

    private static void misuse(String config) {
        expect(WxCoupon.Misuse.class, WxCoupon.E_JSON, () -> new WxCoupon.Context("not json"));
        expect(WxCoupon.Misuse.class, WxCoupon.E_NULL, () -> new WxCoupon.Context(null));
        expect(WxCoupon.Local.class, WxCoupon.E_CONFIG, () -> new WxCoupon.Context("{\"mchid\": \"1\"}"));
        WxCoupon.Context till = new WxCoupon.Context(config);
        WxCoupon.Failure wrong =
                expect(WxCoupon.Misuse.class, WxCoupon.E_REQUEST, () -> till.use("{\"openid\": \"o\"}"));
        that(read(wrong.answer).has("field"), wrong);
        try {
            till.use("{\"openid\":\0\"o\"}");
            throw new AssertionError("a text with NUL was taken");
        } catch (IllegalArgumentException expected) {
            that(expected.getMessage().contains("NUL"), expected);
        }
        till.update(config);
        till.close();
        till.close();
        expect(WxCoupon.Misuse.class, WxCoupon.E_HANDLE, () -> till.query("{}"));
    }

    public static void main(String[] arguments) throws Exception {
        that(WxCoupon.statusClass(4001) == WxCoupon.CLASS_IN_DOUBT, WxCoupon.statusText(4001));
        that(WxCoupon.version().matches("\\d+\\.\\d+\\.\\d+"), WxCoupon.version());
        String config = new String(Files.readAllBytes(Paths.get(arguments[0])), StandardCharsets.UTF_8);
        List<String> lines = new Vector<>();
        WxCoupon.logTo((level, message) -> lines.add(message), WxCoupon.LOG_INFO);
        try (WxCoupon.Context context = new WxCoupon.Context(config)) {
            Till till = new Till(context);
            till.redeem();
            till.send();
            till.pages();
            till.jobs();
            till.doubt();
            till.everythingElse();
            if (arguments.length > 1) {
                till.notified(Paths.get(arguments[1]));
            }
        }
        that(lines.toString().contains("use"), lines);
        WxCoupon.logTo(null, WxCoupon.LOG_OFF);
        misuse(config);
        that(WxCoupon.handlesLive() == 0, WxCoupon.handlesLive());
        OUT.print("all done\n");
    }
}
