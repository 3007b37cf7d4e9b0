// SPDX-License-Identifier: GPL-2.0
/*
 * dualtree_e1000: a driver for the Intel 82540EM (PCI 8086:100e) that receives in place.
 *
 * The chip is on boards of 2002 and later, and is what QEMU, VirtualBox and VMware emulate. The
 * driver is written after the manufacturer's Software Developer's Manual. Its receive side is the
 * subject: rx.c. The files, bottom up:
 *
 *	regs.h		registers and descriptors
 *	counts.c	what is counted
 *	hw.c		reset, address, PHY and link, filters
 *	tx.c		the transmit ring
 *	xdp.c		programs that run before there is a packet
 *	rx.c		the receive ring, its buffers and where they go
 *	netdev.c	up and down, interrupts, the poll
 *	ethtool.c	what ethtool shows and sets
 *	main.c		the PCI device: probe, remove, suspend, resume
 *
 * Loading the module takes no device. It is given one by name:
 *
 *	echo dualtree_e1000 >/sys/bus/pci/devices/ADDRESS/driver_override
 *	echo ADDRESS >/sys/bus/pci/drivers_probe
 *
 * Removal and suspend wait for no packet: what sockets hold is freed as they are read. This file
 * runs in process context.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/dma-mapping.h>
#include <linux/etherdevice.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/pci.h>
#include <linux/pm.h>
#include <linux/rtnetlink.h>

#include "hw.h"
#include "netdev.h"
#include "nic.h"

#define DEVICE_82540EM	0x100e

/* Descriptors of a ring, unless ethtool says another number. */
#define ENTRIES_DEFAULT	256

static const char * const inject_names[] = {
	[INJECT_NONE]		= "",
	[INJECT_ADDRESS]	= "address",
	[INJECT_HANG]		= "hang",
	[INJECT_LEAK]		= "leak",
	[INJECT_DOUBLE_FREE]	= "double_free",
	[INJECT_MAPPING]	= "mapping",
};

/* A fault to inject. scripts/nic --self-check requires that each one is reported. */
static char *inject = "";
module_param(inject, charp, 0444);
MODULE_PARM_DESC(inject, "Do one thing wrong: address, hang, leak, double_free or mapping");

/* Registers and DMA of the device. Undone by pci_give_back(). */
static int pci_take(struct pci_dev *pdev, struct nic *nic)
{
	int err = pci_enable_device_mem(pdev);

	if (err)
		return err;
	err = pci_request_mem_regions(pdev, KBUILD_MODNAME);
	if (err)
		goto disable;
	/* On the 32-bit PCI bus that this chip has, addresses above 4 GiB are not reliable. */
	err = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(32));
	if (err)
		goto release;
	nic->regs = pci_ioremap_bar(pdev, 0);
	if (!nic->regs) {
		err = -ENOMEM;
		goto release;
	}
	pci_set_master(pdev);
	return 0;

release:
	pci_release_mem_regions(pdev);
disable:
	pci_disable_device(pdev);
	return err;
}

static void pci_give_back(struct pci_dev *pdev, struct nic *nic)
{
	pci_clear_master(pdev);
	iounmap(nic->regs);
	pci_release_mem_regions(pdev);
	pci_disable_device(pdev);
}

static void nic_choose_address(struct net_device *dev)
{
	u8 address[ETH_ALEN];

	if (!hw_read_address(netdev_priv(dev), address)) {
		eth_hw_addr_set(dev, address);
		return;
	}
	eth_hw_addr_random(dev);
	dev_warn(dev->dev.parent, "no valid address in the EEPROM: %pM is random\n", dev->dev_addr);
}

static int nic_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct net_device *dev;
	struct nic *nic;
	int err;

	/* driver_override can name any device. */
	if (pdev->vendor != PCI_VENDOR_ID_INTEL || pdev->device != DEVICE_82540EM)
		return -ENODEV;
	dev = alloc_etherdev(sizeof(*nic));
	if (!dev)
		return -ENOMEM;
	SET_NETDEV_DEV(dev, &pdev->dev);
	nic = netdev_priv(dev);
	nic->dev = dev;
	nic->pdev = pdev;
	nic->rx_entries = ENTRIES_DEFAULT;
	nic->tx_entries = ENTRIES_DEFAULT;
	nic->inject = match_string(inject_names, ARRAY_SIZE(inject_names), inject);
	nic_setup(dev);
	err = pci_take(pdev, nic);
	if (err)
		goto free;
	hw_reset(nic);
	nic_choose_address(dev);
	pci_set_drvdata(pdev, dev);
	err = register_netdev(dev);
	if (err)
		goto give_back;
	return 0;

give_back:
	pci_give_back(pdev, nic);
free:
	free_netdev(dev);
	return err;
}

static void nic_remove(struct pci_dev *pdev)
{
	struct net_device *dev = pci_get_drvdata(pdev);
	struct nic *nic = netdev_priv(dev);

	unregister_netdev(dev);
	/* Between the two it finds the card down. */
	cancel_work_sync(&nic->reset_work);
	pci_give_back(pdev, nic);
	free_netdev(dev);
}

static int nic_suspend(struct device *device)
{
	struct net_device *dev = dev_get_drvdata(device);

	rtnl_lock();
	netif_device_detach(dev);
	if (netif_running(dev))
		nic_stop(dev);
	rtnl_unlock();
	return 0;
}

static int nic_resume(struct device *device)
{
	struct net_device *dev = dev_get_drvdata(device);
	int err = 0;

	rtnl_lock();
	if (netif_running(dev))
		err = nic_open(dev);
	if (!err)
		netif_device_attach(dev);
	rtnl_unlock();
	return err;
}

static DEFINE_SIMPLE_DEV_PM_OPS(nic_pm_ops, nic_suspend, nic_resume);

/* For driver_override only, and not for modpost: no device has the module loaded. */
static const struct pci_device_id nic_ids[] = {
	{ PCI_DEVICE_DRIVER_OVERRIDE(PCI_VENDOR_ID_INTEL, DEVICE_82540EM, true) },
	{}
};

static struct pci_driver nic_driver = {
	.name = KBUILD_MODNAME,
	.id_table = nic_ids,
	.probe = nic_probe,
	.remove = nic_remove,
	.driver.pm = pm_sleep_ptr(&nic_pm_ops),
};

static int __init nic_init(void)
{
	if (match_string(inject_names, ARRAY_SIZE(inject_names), inject) < 0) {
		pr_err("inject must be address, hang, leak, double_free or mapping\n");
		return -EINVAL;
	}
	return pci_register_driver(&nic_driver);
}

static void __exit nic_exit(void)
{
	pci_unregister_driver(&nic_driver);
	totals_say();
}

module_init(nic_init);
module_exit(nic_exit);

MODULE_DESCRIPTION("Sample of dualtree: a driver for the Intel 82540EM that receives in place");
MODULE_LICENSE("GPL");
