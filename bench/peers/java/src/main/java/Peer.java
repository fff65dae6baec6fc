import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.sun.management.OperatingSystemMXBean;
import com.wechat.pay.java.core.Config;
import com.wechat.pay.java.core.RSAPublicKeyConfig;
import com.wechat.pay.java.core.http.DefaultHttpClientBuilder;
import com.wechat.pay.java.core.http.HttpClient;
import com.wechat.pay.java.core.http.HttpHeaders;
import com.wechat.pay.java.core.http.JsonRequestBody;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;

/** Redeems coupons with the official Java client, as its README teaches. Arguments and output: bench/README.md. */
public final class Peer {
    private static final Gson GSON = new Gson();
    private static final AtomicLong NEXT = new AtomicLong();

    private static HttpClient client;
    private static String publicKeyId;
    private static String host;
    private static long first;
    private static long count;

    static class Order {
        final String transaction_id = "4200002812202508031234567890";
    }

    static class UseRequest {
        final String product_coupon_id = "1000000013";
        final String stock_id = "1000000013001";
        final String appid = "wx233544546545989";
        final String brand_id = "120344";
        String out_request_no;
        final String use_time = "2025-08-03T12:00:00+08:00";
        final Order associated_order_info = new Order();
    }

    static class UseAnswer {
        static class Usage {
            String use_request_no;
        }

        String coupon_state;
        Usage single_usage_detail;
    }

    private static void open(JsonObject config) {
        Config keys = new RSAPublicKeyConfig.Builder()
            .merchantId(config.get("mchid").getAsString())
            .privateKeyFromPath(config.get("private_key_path").getAsString())
            .publicKeyFromPath(config.get("wechatpay_public_key_path").getAsString())
            .publicKeyId(config.get("wechatpay_public_key_id").getAsString())
            .merchantSerialNumber(config.get("merchant_serial_no").getAsString())
            .apiV3Key(config.get("apiv3_key").getAsString())
            .build();
        client = new DefaultHttpClientBuilder().config(keys).build();
        publicKeyId = config.get("wechatpay_public_key_id").getAsString();
        host = config.getAsJsonArray("base_urls").get(0).getAsString();
    }

    private static long redeem() {
        String code = String.format("AUTO_BENCH_%08d", first + NEXT.getAndIncrement() % count);
        UseRequest request = new UseRequest();
        request.out_request_no = "SALE_" + code;
        long start = System.nanoTime();
        HttpHeaders headers = new HttpHeaders();
        headers.addHeader("Accept", "application/json");
        headers.addHeader("Content-Type", "application/json");
        headers.addHeader("Wechatpay-Serial", publicKeyId);
        UseAnswer answer = client.post(
            headers,
            host + "/v3/marketing/partner/product-coupon/users/oSandboxUser0000000000000001/coupons/" + code + "/use",
            new JsonRequestBody.Builder().body(GSON.toJson(request)).build(),
            UseAnswer.class).getServiceResponse();
        if (!answer.coupon_state.equals("USED")
            || !answer.single_usage_detail.use_request_no.equals(request.out_request_no)) {
            throw new IllegalStateException("the answer is about something else");
        }
        return System.nanoTime() - start;
    }

    private static long cpu() {
        return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
    }

    private static long peakRss() throws Exception {
        return Files.lines(Path.of("/proc/self/status"))
            .filter(line -> line.startsWith("VmHWM:"))
            .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
            .findFirst().orElseThrow();
    }

    public static void main(String[] arguments) throws Exception {
        open(GSON.fromJson(Files.readString(Path.of(arguments[0])), JsonObject.class));
        int threads = Integer.parseInt(arguments[1]);
        int warmup = Integer.parseInt(arguments[2]);
        int calls = Integer.parseInt(arguments[3]);
        first = Long.parseLong(arguments[4]);
        count = Long.parseLong(arguments[5]);

        long[] latencies = new long[calls];
        CountDownLatch warm = new CountDownLatch(threads);
        CountDownLatch startLine = new CountDownLatch(1);
        Thread[] workers = new Thread[threads];
        for (int thread = 0; thread < threads; thread++) {
            int mine = thread;
            workers[thread] = new Thread(() -> {
                for (int i = 0; i < warmup; i++) {
                    redeem();
                }
                warm.countDown();
                try {
                    startLine.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
                for (int i = mine; i < calls; i += threads) {
                    latencies[i] = redeem();
                }
            });
            workers[thread].setUncaughtExceptionHandler((where, error) -> {
                error.printStackTrace();
                System.exit(1);
            });
            workers[thread].start();
        }
        warm.await();
        long cpu = cpu();
        long wall = System.nanoTime();
        startLine.countDown();
        for (Thread worker : workers) {
            worker.join();
        }
        wall = System.nanoTime() - wall;
        cpu = cpu() - cpu;
        System.out.println(GSON.toJson(Map.of(
            "latencies_ns", latencies, "cpu_ns", cpu, "wall_ns", wall, "peak_rss_kib", peakRss())));
        // The client's threads would keep the process for a minute.
        System.exit(0);
    }
}
