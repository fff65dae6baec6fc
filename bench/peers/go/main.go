// Redeems coupons with the official Go client, as its README teaches. Arguments and output: bench/README.md.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/option"
	"github.com/wechatpay-apiv3/wechatpay-go/utils"
)

type config struct {
	Mchid         string   `json:"mchid"`
	SerialNo      string   `json:"merchant_serial_no"`
	PrivateKey    string   `json:"private_key_path"`
	PublicKeyID   string   `json:"wechatpay_public_key_id"`
	PublicKeyPath string   `json:"wechatpay_public_key_path"`
	BaseURLs      []string `json:"base_urls"`
}

type order struct {
	TransactionID string `json:"transaction_id"`
}

type useRequest struct {
	ProductCouponID string `json:"product_coupon_id"`
	StockID         string `json:"stock_id"`
	Appid           string `json:"appid"`
	BrandID         string `json:"brand_id"`
	OutRequestNo    string `json:"out_request_no"`
	UseTime         string `json:"use_time"`
	Order           order  `json:"associated_order_info"`
}

type useAnswer struct {
	CouponState string `json:"coupon_state"`
	Usage       struct {
		UseRequestNo string `json:"use_request_no"`
	} `json:"single_usage_detail"`
}

func newClient(file string) (*core.Client, string) {
	var config config
	text, err := os.ReadFile(file)
	must(err)
	must(json.Unmarshal(text, &config))
	privateKey, err := utils.LoadPrivateKeyWithPath(config.PrivateKey)
	must(err)
	publicKey, err := utils.LoadPublicKeyWithPath(config.PublicKeyPath)
	must(err)
	client, err := core.NewClient(context.Background(), option.WithWechatPayPublicKeyAuthCipher(
		config.Mchid, config.SerialNo, privateKey, config.PublicKeyID, publicKey))
	must(err)
	return client, config.BaseURLs[0]
}

func redeem(client *core.Client, host string, index int64) {
	code := fmt.Sprintf("AUTO_BENCH_%08d", index)
	result, err := client.Post(context.Background(), host+
		"/v3/marketing/partner/product-coupon/users/oSandboxUser0000000000000001/coupons/"+code+"/use",
		useRequest{
			ProductCouponID: "1000000013", StockID: "1000000013001", Appid: "wx233544546545989", BrandID: "120344",
			OutRequestNo: "SALE_" + code, UseTime: "2025-08-03T12:00:00+08:00",
			Order: order{TransactionID: "4200002812202508031234567890"},
		})
	must(err)
	var answer useAnswer
	must(core.UnMarshalResponse(result.Response, &answer))
	if answer.CouponState != "USED" || answer.Usage.UseRequestNo != "SALE_"+code {
		log.Fatal("the answer is about something else")
	}
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func cpu() int64 {
	var usage syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return usage.Utime.Nano() + usage.Stime.Nano()
}

func peakRSS() int64 {
	status, err := os.ReadFile("/proc/self/status")
	must(err)
	_, line, _ := strings.Cut(string(status), "VmHWM:")
	kib, err := strconv.ParseInt(strings.Fields(line)[0], 10, 64)
	must(err)
	return kib
}

func main() {
	client, host := newClient(os.Args[1])
	var numbers [5]int64
	for i := range numbers {
		number, err := strconv.ParseInt(os.Args[2+i], 10, 64)
		must(err)
		numbers[i] = number
	}
	threads, warmup, calls, first, count := numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]

	var next atomic.Int64
	timed := func() int64 {
		index := first + (next.Add(1)-1)%count
		start := time.Now()
		redeem(client, host, index)
		return time.Since(start).Nanoseconds()
	}
	latencies := make([]int64, calls)
	var warm, done sync.WaitGroup
	startLine := make(chan struct{})
	for thread := int64(0); thread < threads; thread++ {
		warm.Add(1)
		done.Add(1)
		go func() {
			defer done.Done()
			for i := int64(0); i < warmup; i++ {
				timed()
			}
			warm.Done()
			<-startLine
			for i := thread; i < calls; i += threads {
				latencies[i] = timed()
			}
		}()
	}
	warm.Wait()
	start, before := time.Now(), cpu()
	close(startLine)
	done.Wait()
	told := map[string]any{
		"wall_ns": time.Since(start).Nanoseconds(), "cpu_ns": cpu() - before,
		"peak_rss_kib": peakRSS(), "latencies_ns": latencies,
	}
	must(json.NewEncoder(os.Stdout).Encode(told))
}
